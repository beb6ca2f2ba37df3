// A small HTTP load: bare keep-alive requests, since an SDK would measure itself.
const http = require('node:http');

const AT_ONCE = 32;
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });

/**
 * One request. Throws unless it is answered 200.
 * @param {{ method: string, url: string, body?: string }} request
 * @returns {Promise<unknown>}
 */
function send({ method, url, body }) {
  const headers = { authorization: 'Bearer bench', 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent, headers }, (answer) => {
      /** @type {Buffer[]} */
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode === 200) return resolve(JSON.parse(text));
        reject(new Error(`${method} ${url} was answered ${answer.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/**
 * Does `count` pieces of work, many at once. Returns how many were done in a second.
 * @param {number} count
 * @param {(index: number) => Promise<unknown>} work
 */
async function rate(count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return (count * 1000) / (performance.now() - startedAt);
}

module.exports = { rate, send };
