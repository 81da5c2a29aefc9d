import type { KindKey } from '../objects/ids.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import type { KindRules } from '../objects/kind-rules.ts';
import { sliceRules } from '../objects/kinds/slice-rules.ts';
import type { KindInfo } from './kind-info.ts';

type Traits = Pick<KindInfo, 'writer' | 'readOnlyHint' | 'rules' | 'hasLog'>;

const readOnly = (writer: 'peer' | 'derived', readOnlyHint: string): Partial<Traits> => ({
  writer,
  readOnlyHint,
});

const traits: Readonly<Record<KindKey, Partial<Traits>>> = {
  [kindKeys.slice]: { rules: sliceRules },
  [kindKeys.peer]: readOnly(
    'peer',
    "a Peer is written by its machine only; its labels are in the machine's manifests folder; to keep it out of a slice, name it in the slice's spec.exclude",
  ),
  [kindKeys.instance]: {
    ...readOnly(
      'peer',
      'an Instance is written by its peer only; change the template of its slice, or remove the member: p2pctl terminate-nodes SLICE PEER',
    ),
    hasLog: true,
  },
  [kindKeys.claim]: readOnly(
    'peer',
    'a Claim is written by its peer only; to remove a member: p2pctl terminate-nodes SLICE PEER',
  ),
  [kindKeys.cloudStatus]: readOnly('derived', 'CloudStatus is aggregated by gossip and only read'),
};

const noRules: KindRules = {};

/** What the CRD of a kind cannot say: who writes it, its rules in code, its streams. A kind not named is an owner's. */
export function kindTraits(key: KindKey): Traits {
  return { writer: 'owner', readOnlyHint: '', rules: noRules, hasLog: false, ...traits[key] };
}
