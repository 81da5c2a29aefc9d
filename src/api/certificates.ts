// @peculiar/x509 resolves its parts through tsyringe, which needs this polyfill loaded before it.
import 'reflect-metadata';

import { webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';
import { ownerOrganization } from './owner-organization.ts';

/** A PEM certificate and its PEM private key (PKCS #8, EC P-256). */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** An owner's client certificate: CN is the owner, O is `p2pcs:owner`. */
export interface ClientCertificate extends IssuedCertificate {
  readonly owner: string;
}

/** What one peer's API needs: its own CA, the server's certificate, and one client certificate an owner. */
export interface ApiCertificates extends IssuedCertificate {
  readonly ca: string;
  readonly caKey: string;
  readonly clients: readonly ClientCertificate[];
}

export interface ApiCertificateOptions {
  /** Names and IP addresses that clients may dial. Default: 127.0.0.1, ::1 and localhost. */
  readonly hosts?: readonly string[];
  /** Owners that get a client certificate. */
  readonly clients: readonly string[];
  /** Days until all of them expire. Default 3650: the CA is as local as the files that hold it. */
  readonly days?: number;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** Certificates start a little in the past, for clients whose clock is behind. */
const skewMs = 10 * 60_000;
const defaultDays = 3650;
const defaultHosts = ['127.0.0.1', '::1', 'localhost'];

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

type KeyPair = webcrypto.CryptoKeyPair;

const newKeys = (): Promise<KeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<KeyPair>;

const keyToPem = async (key: webcrypto.CryptoKey): Promise<string> =>
  `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;

const keyFromPem = (pem: string): Promise<webcrypto.CryptoKey> =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, true, [
    'sign',
  ]);

/** 128 random bits with the top bit clear: a positive DER integer. */
function newSerial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}

const lifetime = (days: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(Date.now() - skewMs),
  notAfter: new Date(Date.now() + days * dayMs),
});

interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly key: webcrypto.CryptoKey;
}

async function issue(
  issuer: Issuer,
  subject: x509.JsonName,
  purpose: x509.ExtendedKeyUsage,
  hosts: readonly string[],
  days: number,
): Promise<IssuedCertificate> {
  const keys = await newKeys();
  const names = hosts.map((host): x509.JsonGeneralName => {
    const isAddress = host.includes(':') || /^[\d.]+$/.test(host);
    return { type: isAddress ? 'ip' : 'dns', value: host };
  });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject,
    issuer: issuer.certificate.subject,
    ...lifetime(days),
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([purpose]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, key: await keyToPem(keys.privateKey) };
}

/** Signs a client certificate for `owner` with the CA of one peer's API. `ca` and `caKey` are PEM. */
export async function issueClientCertificate(
  ca: string,
  caKey: string,
  owner: string,
  days: number = defaultDays,
): Promise<ClientCertificate> {
  const issuer = { certificate: new x509.X509Certificate(ca), key: await keyFromPem(caKey) };
  const subject = [{ CN: [owner] }, { O: [ownerOrganization] }];
  const issued = await issue(issuer, subject, x509.ExtendedKeyUsage.clientAuth, [], days);
  return { owner, ...issued };
}

/** Makes a fresh CA for one peer's API and signs the server's and the owners' certificates with it. */
export async function createApiCertificates(
  options: ApiCertificateOptions,
): Promise<ApiCertificates> {
  const days = options.days ?? defaultDays;
  const keys = await newKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: [{ CN: ['p2pcs api ca'] }],
    ...lifetime(days),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const server = await issue(
    { certificate: authority, key: keys.privateKey },
    [{ CN: ['p2pcs api'] }],
    x509.ExtendedKeyUsage.serverAuth,
    options.hosts ?? defaultHosts,
    days,
  );
  const ca = `${authority.toString('pem')}\n`;
  const caKey = await keyToPem(keys.privateKey);
  const clients = await Promise.all(
    options.clients.map((owner) => issueClientCertificate(ca, caKey, owner, days)),
  );
  return { ca, caKey, ...server, clients };
}
