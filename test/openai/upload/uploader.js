// Uploads a folder, to be killed in the middle. Run as a process of its own: node -r typescript-hook uploader.js DIRECTORY HOME BASE_URL
const { uploadFolder } = require('../../../openai/upload/upload-folder.ts');

const [, , directory, home, baseURL] = process.argv;
void uploadFolder({
  directory,
  home,
  provider: { apiKey: 'test', baseURL },
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
});
