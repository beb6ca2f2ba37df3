import type { CallToolResult } from '@modelcontextprotocol/client';

type Block = CallToolResult['content'][number];

/**
 * What the model reads of a result: its texts; of what is no text, what it is and how large. Structured content stands
 * for texts where there are none. What is longer than `maxBytes` is cut, and says so.
 */
export function resultText({ content, structuredContent }: CallToolResult, maxBytes: number): string {
  const text = content.map(blockText).join('\n');
  const whole = text === '' && structuredContent !== undefined ? JSON.stringify(structuredContent) : text;
  const bytes = Buffer.byteLength(whole);
  if (bytes <= maxBytes) return whole;
  const kept = Buffer.from(whole)
    .subarray(0, maxBytes)
    .toString()
    .replace(/\uFFFD$/, '');
  return `${kept}\n[cut: the first ${maxBytes} of ${bytes} bytes]`;
}

function blockText(block: Block): string {
  switch (block.type) {
    case 'text':
      return block.text;
    case 'image':
    case 'audio':
      return `[${block.type}, ${block.mimeType}, ${size(block.data)} bytes; not shown]`;
    case 'resource_link':
      return `[resource ${block.uri}: ${block.title ?? block.name}${block.mimeType ? `, ${block.mimeType}` : ''}]`;
    case 'resource': {
      const { resource } = block;
      if ('text' in resource) return `[resource ${resource.uri}]\n${resource.text}`;
      return `[resource ${resource.uri}, ${resource.mimeType ?? 'no text'}, ${size(resource.blob)} bytes; not shown]`;
    }
    default:
      return `[${String((block satisfies never as { type: unknown }).type)}; not shown]`;
  }
}

function size(base64: string): number {
  return Math.floor((base64.length * 3) / 4);
}
