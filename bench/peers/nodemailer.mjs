// Send so many messages with nodemailer's pool, composing each; for bench.delivery.
//
// Reads one JSON object from standard input; prints seconds, seconds of the processor, and MiB.

import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const told = JSON.parse(readFileSync(0, "utf-8"));
const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: told.port,
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: told.connections,
  maxMessages: Infinity,
});

function filled(text, own) {
  for (const [slot, marker] of Object.entries(told.markers)) {
    text = text.replaceAll(marker, own[slot] ?? "");
  }
  return text;
}

function message(number) {
  const token = String(number).padStart(36, "0");
  const own = {
    name: "A Reader",
    address: `reader${number}@example.net`,
    unsubscribe_url: `https://example.org/u/${token}`,
    preferences_url: `https://example.org/preferences/${token}`,
  };
  return {
    from: told.from,
    to: `A Reader <${own.address}>`,
    envelope: { from: told.bounce, to: own.address },
    subject: told.subject,
    messageId: `<${number}@example.org>`,
    text: filled(told.text, own),
    html: filled(told.html, own),
    textEncoding: "quoted-printable",
    list: { unsubscribe: { url: own.unsubscribe_url } },
    headers: { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
  };
}

let next = 0;
async function line() {
  while (next < told.people) await transport.sendMail(message(next++));
}

const began = process.hrtime.bigint();
const used = process.cpuUsage();
// Twice as many lines as connections, so that none of them waits for the next message.
await Promise.all(Array.from({ length: told.connections * 2 }, line));
const { user, system } = process.cpuUsage(used);
const seconds = Number(process.hrtime.bigint() - began) / 1e9;
// Not maxRSS: that begins with what the process had that this one was forked from.
const mib = Number(readFileSync("/proc/self/status", "ascii").match(/VmHWM:\s+(\d+)/)[1]) / 1024;
console.log(JSON.stringify({ seconds, processor: (user + system) / 1e6, mib }));
transport.close();
