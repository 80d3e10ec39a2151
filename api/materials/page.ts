/** The materials of a class on a page: what the pack asks for, what is there, what the reader has read. */
import type { MaterialLine } from '../../db/views/classes/materials.ts';
import { materialRules, type PolicyPack } from '../../workflows/domain/policy/policy.ts';
import type { Translate } from '../pages/i18n.ts';

export function materialPath(id: string): string {
  return `/materials/${id}`;
}

const shortTypes = { 'application/pdf': 'PDF', 'image/jpeg': 'JPG', 'image/png': 'PNG' } as const;

export type MaterialView = ReturnType<typeof materialView>;

export function materialView(line: MaterialLine, t: Translate) {
  return {
    id: line.id,
    kind: line.kind,
    kindLabel: t(`materials.kinds.${line.kind}`),
    name: line.name,
    href: materialPath(line.id),
    // A picture larger than the frame is fitted into it; of a PDF the list of its pages stays closed.
    frameHref: line.type === 'application/pdf' ? `${materialPath(line.id)}#navpanes=0&view=FitH` : `${materialPath(line.id)}/picture`,
    type: shortTypes[line.type],
    size: sizeWords(line.size),
    at: line.uploaded_at,
    by: line.uploaded_by,
    read: line.read_at !== null,
    readAt: line.read_at,
    seen: line.seen,
    removed: line.removed_at !== null,
    removedAt: line.removed_at,
    removedBy: line.removed_by,
    replaced: line.replaced_by !== null,
  };
}

export function materialJson(line: MaterialLine) {
  return {
    id: line.id,
    kind: line.kind,
    name: line.name,
    type: line.type,
    size: line.size,
    sha256: line.sha256,
    uploadedAt: line.uploaded_at.toISOString(),
    uploadedBy: line.uploaded_by,
    read: line.read_at !== null,
    removedAt: line.removed_at?.toISOString() ?? null,
    replacedBy: line.replaced_by,
    href: materialPath(line.id),
  };
}

/** What the pack asks for before the training, with how many are there. */
export function rulesView(pack: PolicyPack, materials: readonly MaterialLine[], t: Translate) {
  return materialRules(pack).map(({ kind, required }) => {
    const n = materials.filter((material) => material.kind === kind && !material.removed_at).length;
    return { kind, label: t(`materials.kinds.${kind}`), hint: t(`materials.hints.${kind}`), required, n, there: n > 0 };
  });
}

/** 64 B, 320 KB, 2.4 MB. */
function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
