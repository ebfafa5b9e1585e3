import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient, type UpstreamRequest } from '../../shared/providers/http-client.ts';
import { isPrivateAddress, namesPrivateHost } from '../../shared/providers/private-address.ts';
import { readBody } from '../../shared/providers/read-body.ts';
import { retryAfterMs } from '../../shared/providers/retry-after.ts';

const client = new HttpClient();
const servers: (Server | TcpServer)[] = [];
afterEach(async () => {
  client.close();
  await Promise.all(
    servers.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          if ('closeAllConnections' in server) server.closeAllConnections();
          server.close(resolve);
        }),
    ),
  );
});

async function listen<Kind extends Server | TcpServer>(server: Kind): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const request = (url: string, more: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  url: new URL(url),
  method: 'POST',
  headers: {},
  body: '{}',
  timeouts: { connectMs: 500, firstByteMs: 300, idleMs: 300, totalMs: 5_000 },
  allowPrivateAddress: true,
  signal: new AbortController().signal,
  ...more,
});
const whole = async (url: string): Promise<string> => {
  const response = await client.send(request(url));
  return (await readBody(response, { maxBytes: 1_000_000, idleMs: 300, host: 'up', signal: new AbortController().signal })).toString();
};

describe('the HTTP client', () => {
  it('sends a body and reads headers and body back', async () => {
    const url = await listen(
      createServer((incoming, response) => {
        incoming.resume().on('end', () => response.writeHead(201, { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] }).end('hi'));
      }),
    );
    const response = await client.send(request(url));
    expect(response).toMatchObject({ status: 201, headers: { 'x-a': '1', 'set-cookie': 'a=1, b=2' } });
  });

  it('reads what a provider compressed although it was asked not to', async () => {
    const url = await listen(
      createServer((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed'))),
    );
    expect(await whole(url)).toBe('packed');
  });

  it('gives up on a server that accepts and says nothing', async () => {
    const url = await listen(createServer(() => {}));
    await expect(client.send(request(url))).rejects.toMatchObject({ kind: 'first_byte_timeout' });
  });

  it('gives up on an answer that stops in the middle', async () => {
    const url = await listen(createServer((_, response) => response.writeHead(200).write('half')));
    await expect(whole(url)).rejects.toMatchObject({ kind: 'idle_timeout' });
  });

  it('tells an answer that is shorter than it said from a whole one', async () => {
    const url = await listen(
      createTcpServer((socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'));
        socket.on('error', () => {});
      }),
    );
    await expect(whole(url)).rejects.toMatchObject({ kind: 'cut' });
  });

  /** Answers every connection with these bytes in one packet. */
  const says = (bytes: string | Buffer): Promise<string> =>
    listen(
      createTcpServer((socket) => {
        socket.once('data', () => socket.write(bytes));
        socket.on('error', () => {});
      }),
    );

  it('reads an answer that is longer than it said up to where it said, and at once', async () => {
    const url = await says('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole and more');
    expect(await whole(url)).toBe('whole');
  });

  it('tells at once of an answer that stops being HTTP in the packet it began in', async () => {
    const url = await says('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\n');
    await expect(whole(url)).rejects.toMatchObject({ kind: 'cut' });
  });

  it('tells at once of a compressed answer that stops being HTTP in the packet it began in', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n';
    await expect(whole(await says(`${head}2\r\nab\r\nzz\r\n`))).rejects.toMatchObject({ kind: 'cut' });
  });

  it('says what is wrong with an answer that is not compressed as it says, and with what is not HTTP at all', async () => {
    const packed = await says('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 8\r\n\r\nnot gzip');
    await expect(whole(packed)).rejects.toMatchObject({
      kind: 'cut',
      message: 'the connection to up broke: its body is not compressed as it says (Z_DATA_ERROR)',
    });
    await expect(whole(await says('SSH-2.0-OpenSSH_9.6\r\n'))).rejects.toMatchObject({
      kind: 'cut',
      message: 'the connection to 127.0.0.1 broke: it sent what is not HTTP (HPE_INVALID_CONSTANT)',
    });
  });

  it('bounds what it holds in memory', async () => {
    const url = await listen(createServer((_, response) => response.end('x'.repeat(2_000_000))));
    await expect(whole(url)).rejects.toMatchObject({ kind: 'malformed' });
  });

  it('knows that nobody listens, and that a name does not exist', async () => {
    const url = await listen(createServer());
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(client.send(request(url))).rejects.toMatchObject({ kind: 'unreachable', facts: { providerCode: 'ECONNREFUSED' } });
    await expect(client.send(request('http://nowhere.invalid/'))).rejects.toMatchObject({ kind: 'unreachable' });
  });

  it('ends at once when the caller leaves', async () => {
    const url = await listen(createServer(() => {}));
    const controller = new AbortController();
    const sending = client.send(
      request(url, { signal: controller.signal, timeouts: { connectMs: 500, firstByteMs: 60_000, idleMs: 300, totalMs: 5_000 } }),
    );
    setTimeout(() => controller.abort(), 30);
    await expect(sending).rejects.toMatchObject({ kind: 'aborted' });
    await expect(client.send(request(url, { signal: AbortSignal.abort() }))).rejects.toMatchObject({ kind: 'aborted' });
  });

  it('sends again, once, when a kept connection turns out to be closed', async () => {
    let served = 0;
    const url = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => {});
        let answered = false;
        socket.on('data', () => {
          if (answered) {
            socket.resetAndDestroy();
            return;
          }
          answered = true;
          served += 1;
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        });
      }),
    );
    expect(await whole(url)).toBe('ok');
    expect(await whole(url)).toBe('ok');
    expect(served).toBe(2);
  });

  it('does not follow a redirect', async () => {
    const url = await listen(createServer((_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end()));
    expect((await client.send(request(url))).status).toBe(302);
  });
});

describe('private addresses', () => {
  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '168.63.129.16',
    '2002:7f00:1::',
    '::7f00:1',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '[::1]',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '224.0.0.1',
    '255.255.255.255',
  ])('include %s', (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });

  it.each(['1.1.1.1', '172.32.0.1', '192.169.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])('do not include %s', (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });

  it('are recognised in every way a URL can write them', () => {
    for (const host of [
      'localhost',
      'localhost.',
      'x.localhost',
      'metadata.google.internal',
      'instance-data.ec2.internal',
      'box.local',
      '0x7f.1',
      '2130706433',
      '127.1',
      '017700000001',
      '[::ffff:7f00:1]',
    ]) {
      expect(namesPrivateHost(new URL(`http://${host}/`)), host).toBe(true);
    }
  });

  it('are refused before and at the moment of connecting', async () => {
    const url = await listen(createServer((_, response) => response.end('secret')));
    await expect(client.send(request(url, { allowPrivateAddress: false }))).rejects.toMatchObject({
      kind: 'unreachable',
      facts: { providerCode: 'private_address' },
    });
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  it.each([
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': '1.5' }, 1_500],
    [{ 'retry-after-ms': '250', 'retry-after': '7' }, 250],
    [{ 'retry-after': 'Mon, 23 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ 'retry-after': '-3' }, undefined],
    [{}, undefined],
  ])('%j means %s ms', (headers, expected) => {
    expect(retryAfterMs(headers as Record<string, string>, now)).toBe(expected);
  });
});
