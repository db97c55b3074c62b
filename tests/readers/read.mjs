// Let a reader that runs on Node fetch feeds, each in its own way, and tell what it sees.
//
//     node read.mjs READER URL...
//
// Prints one JSON array: for each URL in turn its entries, in the order of the document.

import { parseFeed } from "feedsmith";
import Parser from "rss-parser";

async function rssParser(url) {
  // Of an Atom entry it keeps the page's link alone, unless it is asked for all of them.
  const parser = new Parser({ customFields: { item: [["link", "links", { keepArray: true }]] } });
  const feed = await parser.parseURL(url);
  return feed.items.map((item) => ({
    id: item.guid ?? item.id,
    title: item.title,
    link: item.link,
    published: item.isoDate,
    enclosures: item.enclosure ? [item.enclosure.url] : enclosures(item.links, (link) => link.$),
    body: item["content:encoded"] ?? item.content ?? item.summary,
  }));
}

async function feedsmith(url) {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${url}: status ${response.status}`);
  const { format, feed } = parseFeed(await response.text());
  const tell = {
    rss: (item) => ({
      id: item.guid.value,
      title: item.title,
      link: item.link,
      published: item.pubDate,
      enclosures: (item.enclosures ?? []).map((each) => each.url),
      body: item.content?.encoded ?? item.description,
    }),
    atom: (entry) => ({
      id: entry.id,
      // A text of Atom's comes with its type; this one leaves it to the caller to unpack.
      title: entry.title.value ?? entry.title,
      link: entry.links.find((link) => (link.rel ?? "alternate") === "alternate").href,
      published: entry.published,
      enclosures: enclosures(entry.links, (link) => link),
      body: entry.content?.value ?? entry.summary.value ?? entry.summary,
    }),
    json: (item) => ({
      id: item.id,
      title: item.title,
      link: item.url,
      published: item.date_published,
      enclosures: (item.attachments ?? []).map((each) => each.url),
      body: item.content_html ?? item.content_text,
    }),
  }[format];
  return (feed.items ?? feed.entries ?? []).map(tell);
}

function enclosures(links, attributes) {
  return links
    .map(attributes)
    .filter((each) => each?.rel === "enclosure")
    .map((each) => each.href);
}

const [reader, ...urls] = process.argv.slice(2);
const read = { "rss-parser": rssParser, feedsmith }[reader];
const seen = [];
for (const url of urls) seen.push(await read(url));
console.log(JSON.stringify(seen));
