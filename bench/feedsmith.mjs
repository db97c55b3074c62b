// Write a whole feed as RSS and as Atom with feedsmith; for bench.feeds.
//
// Reads one JSON object: {rounds, feed, entries}. Prints the seconds of the median round.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(new URL("../tests/readers/package.json", import.meta.url));
const { generateAtomFeed, generateRssFeed } = require("feedsmith");

const { rounds, feed, entries } = JSON.parse(readFileSync(0, "utf-8"));
for (const entry of entries) entry.published = new Date(entry.published);

function write() {
  const rss = generateRssFeed({
    title: feed.title,
    link: feed.home,
    description: feed.description,
    language: feed.language,
    items: entries.map((entry) => ({
      title: entry.title,
      link: entry.link,
      guid: { value: entry.id, isPermaLink: false },
      pubDate: entry.published,
      description: entry.summary,
      content: { encoded: entry.html },
    })),
  });
  const atom = generateAtomFeed({
    id: feed.id,
    title: { value: feed.title },
    subtitle: { value: feed.description },
    updated: entries[0].published,
    links: [{ href: feed.home, rel: "alternate" }],
    entries: entries.map((entry) => ({
      id: entry.id,
      title: { value: entry.title },
      links: [{ href: entry.link, rel: "alternate" }],
      published: entry.published,
      updated: entry.published,
      summary: { value: entry.summary },
      content: { value: entry.html, type: "html" },
    })),
  });
  return rss.length + atom.length;
}

// Only code that has run for a while is quick on Node.
for (const end = performance.now() + 1000; performance.now() < end; ) write();
const seconds = [];
for (let round = 0; round < rounds; round += 1) {
  const began = performance.now();
  write();
  seconds.push((performance.now() - began) / 1000);
}
seconds.sort((one, other) => one - other);
console.log(seconds[Math.floor(rounds / 2)]);
