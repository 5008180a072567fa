// A database of this browser: opened when it is needed, and again where it was closed; what is written to it is on disk.

import { openDB } from "/static/vendor/idb.js";

// upgrade: as idb takes it.
export function databaseNamed(name, version, upgrade) {
  let opening = null;

  // A newer page wants to change it, or the browser closed it: it is opened anew when it is needed.
  function forget() {
    opening?.then((db) => db.close()).catch((error) => console.info(`${name} was not open:`, error.message));
    opening = null;
  }

  function opened() {
    opening ??= openDB(name, version, { upgrade, blocking: forget, terminated: forget }).catch((error) => {
      opening = null;
      throw error;
    });
    return opening;
  }

  // On disk when the promise is kept: what the person is told to be kept outlives the browser and the battery.
  async function writing(store, change) {
    const transaction = (await opened()).transaction(store, "readwrite", { durability: "strict" });
    const [answer] = await Promise.all([change(transaction.store), transaction.done]);
    return answer;
  }

  // Changes an entry as it was read; what was written anew meanwhile is another matter.
  function settle(store, read, change) {
    return writing(store, async (entries) => {
      const found = await entries.get(read.place);
      if (found?.edition === read.edition && found.event_id === read.event_id) await change(entries, found);
    });
  }

  return { opened, writing, settle };
}
