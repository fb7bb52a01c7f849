import { readAddress } from './address.js';
import { connect } from './connection.js';
import { html } from './elements.js';
import { StatelyBridge } from './stately-bridge.js';
import { startTheme } from './theme.js';

const ORIGIN = 'https://stately.ai';

startTheme();
document.getElementById('open')!.addEventListener('click', () => {
  const frame = html('iframe', { class: 'stately-frame', title: 'The inspector of Stately' });
  document.getElementById('consent')!.replaceWith(frame);
  frame.src = `${ORIGIN}/inspect`;
  let originMs = 0;
  const bridge = new StatelyBridge(frame.contentWindow!, ORIGIN, () => originMs);
  addEventListener('message', (event) => bridge.hear(event));
  void connect(readAddress().token, {
    onState: () => {},
    onHello: (hello) => (originMs = hello.originMs),
    onReset: (records) => bridge.reset(records),
    onRecords: (records) => bridge.take(records),
  });
});
