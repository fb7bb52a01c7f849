import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { configFormat, launchInfoFormat, processFormat, terminationFormat } from '../../../packages/containerizer/dist/index.js';
import * as image from '../../../packages/image/dist/index.js';
import { layersRecord } from '../../../packages/provisioner/dist/layers-record.js';
import { JournalReader } from '../../../packages/store/dist/image-journal.js';
import { decodeRecord, encodeRecord, layerRecordFormat } from '../../../packages/store/dist/index.js';
import { expectThat, refusalOf } from '../finding.mjs';
import { mutateJson } from '../mutate-json.mjs';

const folder = new URL('../corpus/json/', import.meta.url);
const seeds = readdirSync(folder)
  .toSorted()
  .map((name) => Buffer.from(JSON.stringify(JSON.parse(readFileSync(new URL(name, folder), 'utf8')))));
const contentTypes = [...Object.values(image.mediaTypes), 'application/json', 'text/html'];
const records = [layerRecordFormat, layersRecord, configFormat, launchInfoFormat, processFormat, terminationFormat];
const journal = { name: 'keelson.images', version: 1 };
const beginOfJournal = encodeRecord(journal, { op: 'begin', storeVersion: 0, images: 0 });

/**
 * JSON of registries, archives and the disk: every reader gets every input, and either refuses it with a code or answers
 * what keeps its promises. Records of ours are also tried with a checksum that is right.
 */
export const documents = {
  name: 'documents',
  ending: 'json',
  seeds,
  mutate: (random, seed) => mutateJson(random, seed, seeds),
  check(bytes) {
    const outcomes = readers.map((read) => {
      try {
        read(bytes);
        return true;
      } catch (error) {
        refusalOf(error, ['ImageError']);
        return false;
      }
    });
    const checksum = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const known = [...records.map((format) => checkRecord(format, bytes, checksum)), checkJournal(bytes, checksum)];
    decodeRecord(layerRecordFormat, bytes);
    return outcomes.concat(known).includes(true) ? 'accepted' : 'refused';
  },
};

const readers = [
  (bytes) => checkManifest(image.parseManifest(bytes)),
  // One of them, which the input decides.
  (bytes) => checkManifest(image.parseManifest(bytes, contentTypes[(bytes.length + (bytes.at(-3) ?? 0)) % contentTypes.length])),
  (bytes) => image.parseImageConfig(bytes).diffIds.forEach(checkDigest),
  (bytes) => image.parseDockerArchive(bytes).forEach(({ layers, config }) => [config, ...layers].forEach(checkText)),
  (bytes) => image.parseRepositories(bytes).forEach(checkText),
  (bytes) => checkText(image.parseLegacyLayer(bytes).id),
];

function checkManifest(manifest) {
  const descriptors = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  for (const { digest, sizeBytes } of descriptors) {
    checkDigest(digest);
    expectThat(Number.isSafeInteger(sizeBytes) && sizeBytes >= 0, `${sizeBytes} is no size`);
  }
  expectThat(manifest.kind === 'index' || manifest.layers.length > 0, 'an image has no layers');
  Object.values(manifest.annotations).forEach(checkText);
}

function checkDigest(digest) {
  expectThat(/^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(digest), `${digest} would harm a path`);
}

function checkText(text) {
  expectThat(typeof text === 'string' && !text.includes('\0'), `${JSON.stringify(text)} would be cut short`);
}

/** A damaged record is an answer and never a throw; a good one survives being written again. */
function checkRecord(format, bytes, checksum) {
  const decoded = decodeRecord(format, enveloped(format, bytes, checksum));
  if (!decoded.ok) return false;
  const again = decodeRecord(format, encodeRecord(format, decoded.value));
  // As JSON has it, where 1e999 is no number and there is one zero.
  const isSame = again.ok && JSON.stringify(again.value) === JSON.stringify(decoded.value);
  expectThat(isSame, `a ${format.name} does not read back`);
  return true;
}

function checkJournal(bytes, checksum) {
  const lines = Buffer.concat([beginOfJournal, enveloped(journal, bytes, checksum), bytes]);
  const reader = new JournalReader(lines);
  let steps = 0;
  while (!reader.advance(1)) expectThat(++steps <= lines.length, 'reading the journal does not end');
  return reader.problem === undefined;
}

function enveloped({ name, version }, payload, checksum) {
  const head = `{"format":"${name}","version":${version},"checksum":"${checksum}","payload":`;
  return Buffer.concat([Buffer.from(head), payload, Buffer.from('}\n')]);
}
