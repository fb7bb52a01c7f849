import { prepareLayout } from './chart/chart-layout.js';
import { InspectorPage } from './inspector-page.js';
import { listenToKeys } from './keys.js';
import { startTheme } from './theme.js';

startTheme();
const page = new InspectorPage();
page.start();
prepareLayout();
listenToKeys(page);
