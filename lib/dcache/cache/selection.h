// Which files of a context a COPY, an ADD or a mount takes, and the hash of what they are.
//
// The hash contains what a builder compares: names, types, permission bits, sizes, bytes and link targets; no
// times and no owners. Of a single file its name is left out, since it belongs to the instruction.
//
// The permission bits and extended attributes of folders are apart. A builder that brings its copy of the
// context up to date does not notice that they changed, one that reads the whole context does.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "dcache/context/snapshot.h"
#include "dcache/plan/graph.h"

namespace dcache::cache {

struct SelectedFile {
  const context::Record* record = nullptr;
  const plan::Selector* selector = nullptr;  // the one that took it; null for a mount of everything
  // Its path below the destination: "a.c", "deep/c.c", "" for a folder that was named itself.
  std::string_view name = {};
  bool written = true;  // false for a link that was followed: what it leads to is written in its place
  // It was found in a folder that is copied, so it is placed below the destination whatever that is called.
  bool inside = false;
};

// What a file counts as: what it contains, or what a builder's copy of the context may still contain instead.
enum class Content : uint8_t { kNow, kStale };

struct Selection {
  context::Hash hash;
  context::Hash stale_hash;  // the same of Content::kStale
  context::Hash folder_modes;
  std::vector<SelectedFile> files;             // folders included; points into the snapshot
  std::vector<const plan::Selector*> missing;  // name a file that is not there: the build fails
};

// Paths of files, each with the record that replaces the snapshot's own; null for that itself.
using Edits = std::map<std::string, const context::Record*, std::less<>>;

// What counts for a record where only `counted` does: its replacement, itself, or null if it does not count.
// All records count without `counted`.
const context::Record* counted_record(const Edits* counted, const context::Record& record);

// No selector at all takes the whole context. Files without a content hash count with their path instead.
// With `counted`, the hashes are made of those files alone: they tell states apart that differ in nothing
// else.
Selection select(const context::Snapshot& snapshot, std::span<const plan::Selector> selectors,
                 const Edits* counted = nullptr);

// Whether the selectors take a record of the snapshot.
bool takes(const context::Snapshot& snapshot, std::span<const plan::Selector> selectors,
           const context::Record& record);

// Hash of one record's type, mode (but of a folder), size, content or target, and extended attributes.
context::Hash hash_record(const context::Record& record, Content content = Content::kNow);
// Whether two records have the same hash.
bool are_same(const context::Record& a, const context::Record& b);

}  // namespace dcache::cache
