/**
 * Why a difference from umoci is right. Each has a rule that tells it from any other difference; what no rule tells is a
 * defect of ours. `holds` is given the difference, the members of the layers, both trees and when umoci was started.
 */
export const reasons = [
  {
    name: 'folder-time',
    why: 'umoci leaves the moment of unpacking on a folder in which it makes or deletes something later, and on one that no layer lists. Ours has what the layers say, or the epoch, so that an image always gives the same tree.',
    holds: ({ fields, ours, theirs, path }, { members, startedAt }) =>
      isFolder(ours, theirs) &&
      fields.join() === 'time' &&
      BigInt(theirs.time) >= startedAt &&
      timesOf(path, members).has(ours.time),
  },
  {
    name: 'overlay-root-time',
    why: 'The root of an overlay is the writable folder on top, made when the container is: its owner and mode are those of the image, its time is that of its last change.',
    holds: ({ path, backend, fields, ours }, { startedAt }) =>
      path === '.' && backend === 'overlay' && fields.join() === 'time' && BigInt(ours.time) >= startedAt,
  },
  {
    name: 'hidden-folder',
    why: 'A layer hides a folder of the layers below and has something in it again without listing it. What hides lower layers hides their owner, mode, time and attributes too, wherever in the archive the mark stands (OCI image-spec, layer.md); umoci keeps them where the mark comes late.',
    holds: ({ ours, theirs, path }, { members }) =>
      isFolder(ours, theirs) && isUnlisted(ours) && members.some((layer) => isHiddenBy(layer, path)),
  },
  {
    name: 'setgid-folder',
    why: 'umoci makes a folder that no layer lists by mkdir, which hands on the setgid bit and the group that the folder above has at that moment, be it that of an earlier layer. Nobody of that group made it: ours is 0755 of root.',
    holds: ({ ours, theirs, path }, { umoci, members }) =>
      isFolder(ours, theirs) &&
      isUnlisted(ours) &&
      [parseInt(umoci.get(folderOf(path))?.mode ?? '0', 8), ...modesOf(folderOf(path), members)].some((mode) => (mode & 0o2000) !== 0),
  },
  {
    name: 'link-across-layers',
    why: 'A layer links to a file of a layer below that has more names there. overlayfs copies up the name linked to, and the others stay with the layer below, so containerd and Docker show two files with the same content; umoci, which has one tree only, shows one.',
    holds: ({ fields, ours, theirs }, { members }) =>
      fields.join() === 'links' &&
      ours.links.split('\n').every((name) => theirs.links.split('\n').includes(name)) &&
      members.some((layer, at) => at > 0 && layer.some((entry) => entry.type === '1')),
  },
];

/** The name of the first reason that holds for a difference; `undefined` for a defect. */
export function reasonFor(difference, facts) {
  return reasons.find(({ holds }) => holds(difference, facts))?.name;
}

function isFolder(ours, theirs) {
  return ours?.type === 'directory' && theirs?.type === 'directory';
}

function isUnlisted({ mode, owner, time, attributes }) {
  return mode === '755' && owner === '0:0' && time === '0' && attributes === '';
}

/** The times that layers give to folders of that name, and the epoch for one that is not listed. */
function timesOf(path, members) {
  const listed = members.flat().filter(({ name, type }) => type === '5' && nameOf(withoutSlash(name)) === nameOf(path));
  return new Set(['0', ...listed.map(timeOf)]);
}

/** The modes that layers list a folder with. */
function modesOf(path, members) {
  return members.flat().filter(({ name, type }) => type === '5' && withoutSlash(name) === path).map(({ mode }) => mode ?? 0);
}

function timeOf({ mtime, pax = [] }) {
  const [seconds, fraction = ''] = (pax.find(([key]) => key === 'mtime')?.[1] ?? String(mtime)).split('.');
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')));
}

function isHiddenBy(layer, path) {
  const isAbove = (folder) => folder === '' || path === folder || path.startsWith(`${folder}/`);
  return layer.some(({ hides, covers }) => (hides !== undefined && isAbove(hides)) || (covers !== undefined && isAbove(covers)));
}

function withoutSlash(name) {
  return name.replace(/\/+$/, '');
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}

function folderOf(path) {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
}
