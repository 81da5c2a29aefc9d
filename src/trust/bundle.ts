/**
 * All that a machine needs to be a peer: what `p2pctl up` and `p2pctl add-peer` write (mode 0600) and
 * `p2pcsd --bundle FILE` takes. JSON; binary fields are base64; certificates of the API are PEM.
 */
export interface Bundle {
  readonly version: 1;
  readonly cloud: {
    readonly id: string;
    /** Raw Ed25519 public key of the root. */
    readonly rootKey: string;
  };
  readonly peer: {
    readonly name: string;
    readonly peerId: string;
    /** Ed25519 seed, 32 bytes. */
    readonly privateKey: string;
    /** `encoded` of the owner's and of the peer's certificate. */
    readonly ownerCertificate: string;
    readonly certificate: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  /** One an owner that uses this daemon: certificate and delegation, `encoded`. */
  readonly owners: readonly {
    readonly owner: string;
    readonly certificate: string;
    readonly delegation: string;
  }[];
  /** Multiaddresses with /p2p/ID of peers to join through. */
  readonly bootstrap: readonly string[];
  /** Multiaddresses to listen on, with fixed ports. */
  readonly listen: readonly string[];
  /** Which drivers besides `process`: `fake` only in tests. */
  readonly drivers?: readonly string[];
  readonly mdns?: boolean;
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** CA that signed both the server's and the clients' certificates of this peer's API. */
    readonly ca: string;
    readonly certificate: string;
    readonly key: string;
    /** One an owner; the certificate's subject is CN=<owner>, O=p2pcs:owner. Written to HOME/kubeconfig. */
    readonly clients: readonly {
      readonly owner: string;
      readonly certificate: string;
      readonly key: string;
    }[];
  };
}
