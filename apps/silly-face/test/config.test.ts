import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readApiConfig, readPartyConfig } from '../src/config.ts';

const complete = {
  DATABASE_URL: 'postgres://localhost/game',
  S3_ENDPOINT: 'http://127.0.0.1:9000',
  S3_REGION: 'us-east-1',
  S3_BUCKET: 'photos',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'secret',
  PORT: '8080',
};

describe('the configuration', () => {
  it('is read from the environment', () => {
    expect(readApiConfig(complete)).toMatchObject({
      databaseUrl: 'postgres://localhost/game',
      s3: {
        endpoint: 'http://127.0.0.1:9000',
        region: 'us-east-1',
        bucket: 'photos',
        accessKeyId: 'id',
        secretAccessKey: 'secret',
      },
      listen: { port: 8080, host: '127.0.0.1' },
      uploadDirectory: undefined,
    });
  });

  it('prefers a socket that was handed down to a port', () => {
    expect(readApiConfig({ ...complete, LISTEN_FDS: '1' }).listen).toEqual({ fd: 3 });
    expect(readApiConfig({ ...complete, LISTEN_FDS: '1', LISTEN_PID: String(process.pid) }).listen).toEqual({
      fd: 3,
    });
  });

  it('has a socket for the metrics alone where a second one was handed down', () => {
    expect(readApiConfig({ ...complete, LISTEN_FDS: '2' })).toMatchObject({
      listen: { fd: 3 },
      metricsListen: { fd: 4 },
    });
    expect(readApiConfig({ ...complete, LISTEN_FDS: '1' }).metricsListen).toBeUndefined();
    expect(readApiConfig(complete).metricsListen).toBeUndefined();
  });

  it('ignores sockets that were meant for another process', () => {
    expect(readApiConfig({ ...complete, LISTEN_FDS: '1', LISTEN_PID: '1' }).listen).toMatchObject({
      port: 8080,
    });
  });

  it.each([
    [{ DATABASE_URL: undefined }, 'Expected the environment variable DATABASE_URL, and it is not set'],
    [
      { DATABASE_URL: 'mysql://root:hunter2@db' },
      'Expected DATABASE_URL to be a URL that begins with postgres:',
    ],
    [{ S3_ENDPOINT: 'not a url' }, 'Expected S3_ENDPOINT to be a URL'],
    [{ S3_BUCKET: '' }, 'Expected the environment variable S3_BUCKET'],
    [{ PORT: '80800' }, 'Expected PORT to be a port number, got 80800'],
    [{ LISTEN_FDS: '3' }, 'Expected LISTEN_FDS to be 1 or 2, got 3'],
    [{ LOG_LEVEL: 'loud' }, 'Expected LOG_LEVEL to be one of fatal'],
  ])('names what is wrong: %j', (change, message) => {
    expect(() => readApiConfig({ ...complete, ...change })).toThrow(
      expect.objectContaining({
        name: 'ConfigError',
        code: 'invalid-config',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('does not repeat a password in its message', () => {
    expect(() => readApiConfig({ ...complete, DATABASE_URL: 'mysql://root:hunter2@db' })).not.toThrow(
      /hunter2/,
    );
  });
});

describe('the configuration of a party process', () => {
  const ports = { PARTY_PORT: '31337', PARTY_WEB_SOCKET_PORT: '32337' };

  it('has defaults for all but the ports', () => {
    expect(readPartyConfig(ports)).toEqual({
      name: 'party',
      hostId: hostname(),
      run: undefined,
      tcp: { port: 31_337, host: '127.0.0.1' },
      webSocket: { port: 32_337, host: '127.0.0.1' },
      advertised: { host: '127.0.0.1', port: undefined, webSocketUrl: undefined },
      logLevel: 'info',
    });
  });

  it('takes the two sockets that were handed down', () => {
    expect(readPartyConfig({ LISTEN_FDS: '2' })).toMatchObject({ tcp: { fd: 3 }, webSocket: { fd: 4 } });
    expect(() => readPartyConfig({ LISTEN_FDS: '1' })).toThrow('Expected LISTEN_FDS to be 2, got 1');
  });

  it('advertises what it is told, and never a wildcard', () => {
    expect(readPartyConfig({ ...ports, PARTY_HOST: '0.0.0.0' }).advertised.host).toBe(hostname());
    const told = {
      PARTY_ADVERTISED_HOST: 'silly.example',
      PARTY_ADVERTISED_PORT: '443',
      PARTY_WEB_SOCKET_URL: 'wss://silly.example/party',
    };
    expect(readPartyConfig({ ...ports, PARTY_HOST: '0.0.0.0', ...told }).advertised).toEqual({
      host: 'silly.example',
      port: 443,
      webSocketUrl: 'wss://silly.example/party',
    });
    expect(() => readPartyConfig({ ...ports, PARTY_WEB_SOCKET_URL: 'https://silly.example' })).toThrow(
      'Expected PARTY_WEB_SOCKET_URL to be a URL that begins with ws:',
    );
  });
});

describe('the configuration of HTTP', () => {
  it('has limits that are generous, and trusts nobody', () => {
    expect(readApiConfig(complete).http).toEqual({
      logLevel: 'info',
      trustProxy: undefined,
      limits: { addressPerMinute: 6000, playerPerMinute: 1200, credentialsPerMinute: 60 },
      metricsToken: undefined,
    });
  });

  it('trusts proxies by address and network', () => {
    const { http } = readApiConfig({ ...complete, TRUST_PROXY: 'loopback, 10.0.0.0/8,fd00::/8' });
    expect(http.trustProxy).toEqual(['loopback', '10.0.0.0/8', 'fd00::/8']);
  });

  it.each([
    [{ TRUST_PROXY: 'true' }, 'Expected TRUST_PROXY to be addresses and networks of proxies'],
    [{ TRUST_PROXY: '10.0.0.0/33' }, 'Expected TRUST_PROXY'],
    [{ RATE_LIMIT_PLAYER: '-1' }, 'Expected RATE_LIMIT_PLAYER to be an integer from 0, got -1'],
    [{ METRICS_TOKEN: 'short' }, 'Expected METRICS_TOKEN to be 16 to 100'],
  ])('names what is wrong: %j', (change, message) => {
    expect(() => readApiConfig({ ...complete, ...change })).toThrow(message);
  });
});
