// As if the server were far away: each of its answers arrives `roundTripMs` later. Its own process, so that it does not share the
// client's.  node far-away.js <port of the server> <roundTripMs>
import { connect, createServer } from 'node:net';

const [port, roundTripMs] = process.argv.slice(2).map(Number);

const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ port: port as number, host: '127.0.0.1', noDelay: true });
  client.on('data', (bytes) => upstream.write(bytes));
  const onTheWay: { bytes: Buffer; due: number }[] = [];
  const deliver = (): void => {
    // A timer counts whole milliseconds: what is due within half of one goes along.
    const now = performance.now() + 0.5;
    for (let next = onTheWay[0]; next && next.due <= now; next = onTheWay[0]) {
      onTheWay.shift();
      client.write(next.bytes);
    }
    if (onTheWay.length > 0) setTimeout(deliver, 1);
  };
  upstream.on('data', (bytes) => {
    onTheWay.push({ bytes, due: performance.now() + (roundTripMs as number) });
    if (onTheWay.length === 1) setTimeout(deliver, roundTripMs);
  });
  client.on('close', () => upstream.destroy());
  upstream.on('close', () => client.destroy());
  for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
});
server.listen({ port: 0, host: '127.0.0.1' }, () => {
  const address = server.address();
  console.log(typeof address === 'object' && address ? address.port : '');
});
