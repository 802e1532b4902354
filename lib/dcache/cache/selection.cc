#include "dcache/cache/selection.h"

#include <algorithm>
#include <optional>

#include "dcache/ignore/matcher.h"
#include "dcache/text/glob.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::Hash;
using context::Hasher;
using context::Record;
using context::Snapshot;
using context::Type;
using plan::Selector;

bool has_filters(const Selector& selector) {
  return selector.wildcard || !selector.include.empty() || !selector.exclude.empty();
}

// Paths in a snapshot have no leading slash.
std::string_view unrooted(std::string_view path) {
  return path.substr(path.starts_with('/') ? 1 : 0);
}

class SelectionBuilder {
 public:
  SelectionBuilder(const Snapshot& snapshot, const Edits* counted, Content content, Selection& result)
      : snapshot_(snapshot), counted_(counted), content_(content), result_(result) {}

  Hash take(const Selector& selector) {
    return has_filters(selector) ? take_filtered(selector)
                                 : take_path(selector.path, &selector, text::base_name(selector.path));
  }

  // A file, which is called `name`, or a folder with all that is in it.
  Hash take_path(std::string_view path, const Selector* selector, std::string_view name) {
    const auto real = snapshot_.follow(unrooted(path));
    const Record* record = real && !real->empty() ? snapshot_.find(*real) : nullptr;
    if (!real || (record == nullptr && !real->empty())) {
      result_.missing.push_back(selector);
      return {};
    }
    if (record != nullptr && record->type != Type::kFolder) {
      const RecordView seen(*this, *record);
      result_.files.push_back({seen.record, selector, name});
      return seen.hash();
    }
    Hasher hasher;
    if (record != nullptr) {
      result_.files.push_back({record, selector});
      if (const RecordView seen(*this, *record); seen.counts) hasher.add(seen.hash());
    }
    const std::span<const Record> below = snapshot_.below(*real);
    result_.files.reserve(result_.files.size() + below.size());
    for (const Record& inner : below) {
      const std::string_view inner_name = std::string_view(inner.path).substr(real->size());
      const RecordView seen(*this, inner);
      if (seen.counts) hasher.add(inner_name).add(seen.hash());
      result_.files.push_back(
          {.record = seen.record, .selector = selector, .name = unrooted(inner_name), .inside = true});
    }
    return hasher.finish();
  }

 private:
  // A record as a selection shows it.
  struct RecordView {
    RecordView(const SelectionBuilder& builder, const Record& own) : content(builder.content_) {
      const Record* found = counted_record(builder.counted_, own);
      counts = found != nullptr;
      record = counts ? found : &own;
    }
    Hash hash() const { return counts ? hash_record(*record, content) : Hash{}; }

    const Record* record;
    bool counts;
    Content content;
  };
  struct Folder {
    const Record* record;
    std::string_view name;
    bool included;
  };
  struct SelectedRecord {
    const Record* record;
    std::string_view name;
    bool follow;  // where it leads to counts: it was named itself, not found in a folder
    bool inside;
  };

  // With wildcards, --parents or --exclude, the builder hashes a row of names and records instead of a tree.
  Hash take_filtered(const Selector& selector) {
    auto include = ignore::Matcher::compile(selector.include);
    auto exclude = ignore::Matcher::compile(selector.exclude);
    if (!include || !exclude) {
      result_.missing.push_back(&selector);
      return {};
    }
    include_ = selector.include.empty() ? nullptr : &*include;
    exclude_ = selector.exclude.empty() ? nullptr : &*exclude;
    taken_.clear();
    parents_.clear();
    if (selector.wildcard) {
      visit_wildcard(selector);
    } else if (!visit_folder(selector)) {
      result_.missing.push_back(&selector);
      return {};
    }
    return hash_taken(selector);
  }

  // Links before the first wildcard are followed; the pattern sees the path as it is written.
  void visit_wildcard(const Selector& selector) {
    const std::string_view pattern = unrooted(selector.path);
    const size_t slash = pattern.rfind('/', pattern.find_first_of("*?[\\"));
    const std::string_view folder = pattern.substr(0, slash == std::string_view::npos ? 0 : slash);
    const auto real = snapshot_.follow(folder);
    if (!real) return;
    std::string matched;  // the last path that the pattern described; what is below belongs to it
    for (const Record& record : snapshot_.below(*real)) {
      const std::string path = text::join_path(folder, std::string_view(record.path).substr(real->size()));
      const bool below = !matched.empty() && path.size() > matched.size() && text::is_within(path, matched);
      if (!below) {
        if (!text::glob_match(pattern, path)) continue;
        matched = path;
      }
      const size_t inner = path.size() - std::min(matched.size() + 1, path.size());
      visit(record, std::string_view(record.path).substr(record.path.size() - inner));
    }
  }

  bool visit_folder(const Selector& selector) {
    const auto real = snapshot_.follow(unrooted(selector.path), false);
    if (!real) return false;
    if (!real->empty()) {
      const Record* record = snapshot_.find(*real);
      if (record == nullptr) return false;
      visit(*record, "");
      // A link to a folder is taken as one thing: filters do not reach what it leads to.
      if (record->type != Type::kFolder) return true;
    }
    for (const Record& record : snapshot_.below(*real)) {
      visit(record, std::string_view(record.path).substr(real->empty() ? 0 : real->size() + 1));
    }
    return true;
  }

  // `relative` is the path that filters see, a part of the record's.
  void visit(const Record& record, std::string_view relative) {
    while (!parents_.empty() && !text::is_within(record.path, parents_.back().record->path))
      parents_.pop_back();
    const bool wanted = (include_ == nullptr || include_->decide(relative).ignored) &&
                        (exclude_ == nullptr || !exclude_->decide(relative).ignored);
    const bool is_folder = record.type == Type::kFolder;
    const std::string_view name =
        relative.empty() && !is_folder ? text::base_name(record.path) : unrooted(relative);
    if (wanted) {
      for (Folder& parent : parents_) {
        if (!parent.included) taken_.push_back({parent.record, parent.name, false, true});
        parent.included = true;
      }
      taken_.push_back({&record, name, parents_.empty(), !relative.empty()});
    }
    if (is_folder) parents_.push_back({&record, name, wanted});
  }

  Hash hash_taken(const Selector& selector) {
    const auto leads_on = [](const SelectedRecord& taken) {
      return taken.follow && taken.record->type == Type::kSymlink;
    };
    for (const SelectedRecord& taken : taken_) {
      const RecordView seen(*this, *taken.record);
      result_.files.push_back({seen.record, &selector, taken.name, !leads_on(taken), taken.inside});
    }
    const auto hash_of = [&](const SelectedRecord& taken) {
      return leads_on(taken) ? take_path(taken.record->path, &selector, taken.name)
                             : RecordView(*this, *taken.record).hash();
    };
    const auto name_of = [](const SelectedRecord& taken) { return text::base_name(taken.record->path); };
    if (taken_.size() == 1 && name_of(taken_[0]) == text::base_name(selector.path)) return hash_of(taken_[0]);
    Hasher hasher;
    for (const SelectedRecord& taken : taken_) {
      const Hash hash = hash_of(taken);
      if (counted_ == nullptr || hash != Hash{}) hasher.add(name_of(taken)).add(hash);
    }
    return hasher.finish();
  }

  const Snapshot& snapshot_;
  const Edits* counted_;
  const Content content_;
  Selection& result_;
  const ignore::Matcher* include_ = nullptr;
  const ignore::Matcher* exclude_ = nullptr;
  std::vector<SelectedRecord> taken_;
  std::vector<Folder> parents_;
};

// Selectors in the builder's order: sorted by path, those of paths within another left out.
std::vector<const Selector*> without_nested(std::span<const Selector> selectors) {
  std::vector<const Selector*> kept;
  for (const Selector& selector : selectors) {
    const auto covers = [&](const Selector& other) {
      if (has_filters(other)) return false;
      if (other.path == selector.path) return &other < &selector;
      return other.path != "/" && text::is_within(selector.path, other.path);
    };
    if (has_filters(selector) || std::none_of(selectors.begin(), selectors.end(), covers))
      kept.push_back(&selector);
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [](const Selector* a, const Selector* b) { return a->path < b->path; });
  return kept;
}

}  // namespace

const Record* counted_record(const Edits* counted, const Record& record) {
  if (counted == nullptr) return &record;
  const auto found = counted->find(record.path);
  if (found == counted->end()) return nullptr;
  return found->second == nullptr ? &record : found->second;
}

bool are_same(const Record& a, const Record& b) {
  if (a.type != b.type || a.target != b.target) return false;
  if (a.assumed != b.assumed) return false;
  if (a.type != Type::kFolder && a.mode != b.mode) return false;
  if (a.type != Type::kFolder && a.attributes != b.attributes) return false;
  if (a.type != Type::kFile) return true;
  return a.size == b.size && a.content == b.content && (a.content || a.path == b.path);
}

Hash hash_record(const Record& record, Content content) {
  Hasher hasher;
  const uint32_t mode = record.type == Type::kFolder ? 0 : record.mode;
  hasher.add(static_cast<uint64_t>(record.type)).add(uint64_t{mode}).add(record.target);
  if (record.assumed && content == Content::kNow) hasher.add("assumed");
  const bool stale = content == Content::kStale && record.stale;
  const Hash& attributes = stale ? record.stale->attributes : record.attributes;
  if (attributes != Hash{} && record.type != Type::kFolder) hasher.add(attributes);
  if (record.type != Type::kFile) return hasher.finish();
  hasher.add(record.size);
  if (stale) {
    hasher.add(record.stale->content);
  } else if (record.content) {
    hasher.add(*record.content);
  } else {
    hasher.add(record.path);
  }
  return hasher.finish();
}

bool takes(const Snapshot& snapshot, std::span<const Selector> selectors, const Record& record) {
  if (selectors.empty()) return true;
  const auto takes_it = [&](const Selector& selector) {
    if (has_filters(selector)) {
      const Edits none;
      const Selection selection = select(snapshot, {&selector, 1}, &none);
      return std::any_of(selection.files.begin(), selection.files.end(),
                         [&](const SelectedFile& file) { return file.record == &record; });
    }
    const auto real = snapshot.follow(unrooted(selector.path));
    return real && (real->empty() || text::is_within(record.path, *real));
  };
  return std::any_of(selectors.begin(), selectors.end(), takes_it);
}

namespace {

Hash take_all(const Snapshot& snapshot, std::span<const Selector> selectors, const Edits* counted,
              Content content, Selection& selection) {
  SelectionBuilder builder(snapshot, counted, content, selection);
  const std::vector<const Selector*> kept = without_nested(selectors);
  if (selectors.empty()) return builder.take_path("/", nullptr, {});
  if (kept.size() == 1) return builder.take(*kept[0]);
  Hasher hasher;
  for (const Selector* selector : kept)
    hasher.add(builder.take(*selector));
  return hasher.finish();
}

}  // namespace

Selection select(const Snapshot& snapshot, std::span<const Selector> selectors, const Edits* counted) {
  Selection selection;
  selection.hash = take_all(snapshot, selectors, counted, Content::kNow, selection);
  selection.stale_hash = selection.hash;
  const bool any_stale = std::ranges::any_of(selection.files, [](const SelectedFile& file) {
    return file.record->stale.has_value() || file.record->assumed;
  });
  if (any_stale) {
    Selection again;
    selection.stale_hash = take_all(snapshot, selectors, counted, Content::kStale, again);
  }
  Hasher modes;
  for (const SelectedFile& file : selection.files) {
    if (file.record->type != Type::kFolder) continue;
    modes.add(uint64_t{file.record->mode});
    if (file.record->attributes != Hash{}) modes.add(file.record->attributes);
  }
  selection.folder_modes = modes.finish();
  return selection;
}

}  // namespace dcache::cache
