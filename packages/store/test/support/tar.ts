/** A ustar archive of these paths and contents; a path that ends in a slash is a directory. */
export function tarOf(entries: readonly (readonly [path: string, content: string])[]): Buffer {
  const blocks = entries.flatMap(([path, content]) => {
    const body = Buffer.from(content);
    return [header(path, body.length), body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(path: string, size: number): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number): void => {
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  };
  const isDirectory = path.endsWith('/');
  block.write(path, 0);
  octal(isDirectory ? 0o755 : 0o644, 100, 8);
  octal(process.getuid?.() ?? 0, 108, 8);
  octal(process.getgid?.() ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148);
  block.write(isDirectory ? '5' : '0', 156);
  block.write('ustar\x0000', 257);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return block;
}
