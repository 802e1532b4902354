#include "dcache/cache/keys.h"

#include <algorithm>

#include "dcache/cache/copied_files.h"
#include "dcache/cache/writes.h"
#include "dcache/text/path.h"

namespace dcache::cache {
namespace {

using context::Hash;
using context::Hasher;
using plan::Part;
using plan::Read;
using plan::Step;

// Two keys made alike.
class PairHasher {
 public:
  PairHasher& add(std::string_view text) {
    certain_.add(text);
    hopeful_.add(text);
    return *this;
  }
  PairHasher& add(const Hash& hash) {
    certain_.add(hash);
    hopeful_.add(hash);
    return *this;
  }
  PairHasher& add(const KeyPair& keys) {
    certain_.add(keys.certain);
    hopeful_.add(keys.hopeful);
    return *this;
  }
  PairHasher& add_uncertain(const Hash& hash) {
    certain_.add(hash);
    return *this;
  }
  KeyPair finish() const { return {certain_.finish(), hopeful_.finish()}; }

 private:
  Hasher certain_;
  Hasher hopeful_;
};

Hash hash_definition(const Step& step) {
  Hasher hasher;
  for (const Part& part : step.definition) {
    hasher.add(static_cast<uint64_t>(part.kind)).add(part.name).add(part.value);
  }
  if (!step.environment) return hasher.finish();
  for (const plan::Variable* variable : step.environment->variables())
    hasher.add(variable->name).add(variable->value);
  return hasher.finish();
}

// The parts of a COPY that show in the files it writes.
void add_visible_parts(const Step& step, PairHasher& hasher) {
  for (const Part& part : step.definition) {
    switch (part.kind) {
      case Part::Kind::kDestination:
      case Part::Kind::kSource:
      case Part::Kind::kOwner:
      case Part::Kind::kMode:
      case Part::Kind::kHeredoc:
      case Part::Kind::kRemote:
        hasher.add(part.name).add(part.value);
        break;
      default:
        break;
    }
  }
}

class KeyMaker {
 public:
  KeyMaker(const plan::Graph& graph, const Contexts& contexts) : graph_(graph), contexts_(contexts) {}

  // What steps read from contexts, and no keys.
  std::vector<StepKeys> select_files() {
    keys_.resize(graph_.steps.size());
    for (size_t step = 0; step < graph_.steps.size(); ++step) {
      const auto& reads = graph_.steps[step].reads;
      for (size_t i = 0; i < reads.size(); ++i) {
        const bool of_context =
            reads[i].origin == Read::Origin::kContext || reads[i].origin == Read::Origin::kNamedContext;
        if (of_context) read(reads[i], i, keys_[step]);
      }
    }
    return std::move(keys_);
  }

  std::vector<StepKeys> run() {
    keys_.resize(graph_.steps.size());
    results_.resize(graph_.steps.size());
    for (size_t i = 0; i < graph_.steps.size(); ++i)
      make(i);
    return std::move(keys_);
  }

 private:
  void make(size_t index) {
    const Step& step = graph_.steps[index];
    StepKeys& keys = keys_[index];
    keys.definition = hash_definition(step);
    PairHasher inputs;
    Hasher files;
    for (size_t i = 0; i < step.reads.size(); ++i) {
      const KeyPair input = read(step.reads[i], i, keys);
      inputs.add(input);
      if (step.reads[i].origin != Read::Origin::kStage) files.add(input.certain);
    }
    keys.files = files.finish();
    const KeyPair read_keys = inputs.finish();

    PairHasher content;
    add_visible_parts(step, content);
    keys.content = content.add(read_keys).finish();

    const KeyPair below = key_below(step);
    PairHasher key;
    key.add(keys.definition).add(read_keys);
    if (!step.independent) key.add(below);
    keys.key = key.finish();
    results_[index] =
        step.independent ? PairHasher().add("merge").add(below).add(keys.key).finish() : keys.key;
  }

  KeyPair key_below(const Step& step) const {
    if (!step.below) return {};
    const auto base = graph_.mounted_base(step);
    return base ? read_stage({.origin = Read::Origin::kStage, .stage = *base}) : results_[*step.below];
  }

  KeyPair read(const Read& read, size_t index, StepKeys& keys) {
    switch (read.origin) {
      case Read::Origin::kContext:
        return read_context(contexts_.main, read, index, keys);
      case Read::Origin::kNamedContext: {
        const auto named = contexts_.named.find(read.name);
        return read_context(named == contexts_.named.end() ? nullptr : named->second, read, index, keys);
      }
      case Read::Origin::kImage:
        return read_image(read);
      case Read::Origin::kStage:
        return read_stage(read);
    }
    return {};
  }

  KeyPair read_context(const context::Snapshot* snapshot, const Read& read, size_t index,
                       StepKeys& keys) const {
    if (snapshot == nullptr) return {};
    keys.reads.push_back({index, select(*snapshot, read.selectors, contexts_.counted)});
    const Selection& selection = keys.reads.back().selection;
    if (graph_.builder != plan::Builder::kBuildkit) return hash_with_paths(*snapshot, selection);
    return PairHasher().add(selection.hash).add_uncertain(selection.folder_modes).finish();
  }

  // The other builders hash each file with the path that it has in the context, and folders with their modes.
  // Buildah does not look at the folder that is named itself, and the classic builder not at links, but at
  // what they lead to.
  KeyPair hash_with_paths(const context::Snapshot& snapshot, const Selection& selection) const {
    const bool classic = graph_.builder == plan::Builder::kClassic;
    PairHasher hasher;
    for (const SelectedFile& file : selection.files) {
      const context::Record* record = file.record;
      if (classic && record->type == context::Type::kSymlink) {
        const auto target = snapshot.follow(record->path);
        record = target ? snapshot.find(*target) : nullptr;
        if (record == nullptr) hasher.add(file.record->path);
      }
      if (!file.written || record == nullptr) continue;
      record = counted_record(contexts_.counted, *record);
      if (record == nullptr) continue;
      const bool is_folder = record->type == context::Type::kFolder;
      if (is_folder && file.name.empty() && !classic) continue;
      hasher.add(record->path).add(hash_record(*record));
      if (is_folder) hasher.add(std::to_string(record->mode));
    }
    return hasher.finish();
  }

  static KeyPair read_image(const Read& read) {
    PairHasher hasher;
    hasher.add("image").add(read.name);
    for (const plan::Selector& selector : read.selectors)
      hasher.add(selector.path);
    return hasher.finish();
  }

  // What a stage's result holds at the selected paths, told by the steps that wrote there.
  KeyPair read_stage(const Read& read) const {
    PairHasher hasher;
    const plan::Selector everything{.path = "/", .written = "."};
    if (read.selectors.empty()) add_selected(read.stage, everything, hasher);
    for (const plan::Selector& selector : read.selectors) {
      // Other patterns can take the same files.
      for (const std::string& pattern : selector.include)
        hasher.add_uncertain(context::hash_bytes(pattern));
      for (const std::string& pattern : selector.exclude)
        hasher.add_uncertain(context::hash_bytes(pattern));
      add_selected(read.stage, selector, hasher);
    }
    return hasher.finish();
  }

  void add_selected(size_t stage, const plan::Selector& selector, PairHasher& hasher) const {
    // With filters, some of what a step wrote may be left out.
    const bool takes_all = !selector.wildcard && selector.include.empty() && selector.exclude.empty();
    // Links apart, files elsewhere make no difference.
    const bool narrow = takes_all && !copies_links(stage);
    std::vector<context::Record> known;  // files that steps wrote, the topmost first
    // What steps above the one looked at may have written, nobody knows what; everything if there is no
    // telling.
    std::optional<std::vector<std::string>> unsure{std::in_place};
    const auto is_unsure = [&](const std::string& path) {
      return !unsure || std::any_of(unsure->begin(), unsure->end(),
                                    [&](const std::string& other) { return may_overlap(other, path); });
    };
    for (std::optional<size_t> at = graph_.stages[stage].last_step; at; at = graph_.steps[*at].below) {
      const Step& step = graph_.steps[*at];
      const StepKeys& keys = keys_[*at];
      switch (step.kind) {
        case Step::Kind::kImage:
          hasher.add(keys.key);
          break;
        case Step::Kind::kWorkdir:
          if (may_match(selector.path, step.destination)) hasher.add(keys.definition);
          break;
        case Step::Kind::kMetadata:
          break;
        case Step::Kind::kRun: {
          add_stubs(*at, selector.path, hasher);
          if (!may_write(*at, selector.path)) break;
          hasher.add_uncertain(keys.key.certain);
          const auto& paths = written(*at).paths;
          if (paths && unsure) {
            unsure->insert(unsure->end(), paths->begin(), paths->end());
          } else {
            unsure.reset();
          }
          break;
        }
        case Step::Kind::kCopy: {
          if (!may_match(selector.path, step.destination)) break;
          const Copied& copy = copied(*at);
          if (const auto& files = copy.files) {
            if (!unsure) {
              hasher.add_uncertain(copy.all);
              break;
            }
            for (const context::Record& record : *files) {
              const std::string path = '/' + record.path;
              if (is_unsure(path)) {
                hasher.add_uncertain(Hasher().add(record.path).add(hash_record(record)).finish());
              } else if (!narrow || text::is_within(path, selector.path)) {
                known.push_back(record);
              }
            }
            break;
          }
          if (takes_all && known.empty() && !is_unsure(step.destination) && !changes_modes_by_letters(step) &&
              text::is_within(step.destination, selector.path)) {
            hasher.add(keys.content);
          } else {
            hasher.add_uncertain(keys.content.certain);
          }
          if (unsure) unsure->push_back(step.destination);
          break;
        }
      }
    }
    std::reverse(known.begin(), known.end());  // of two of one path the last counts
    const context::Snapshot written(std::move(known));
    // The same files count as the same, whatever pattern took them.
    const Selection selection = select(written, {&selector, 1});
    for (const SelectedFile& file : selection.files)
      hasher.add(file.name).add(hash_record(*file.record));
    hasher.add_uncertain(selection.folder_modes);
  }

  // What a COPY writes, and the hash of all of it; worked out once.
  struct Copied {
    std::optional<std::vector<context::Record>> files;
    bool links = false;
    Hash all;
  };
  const Copied& copied(size_t copy) const {
    const auto [entry, fresh] = copies_.try_emplace(copy);
    Copied& result = entry->second;
    if (!fresh) return result;
    result.files = copied_files(graph_.steps[copy], keys_[copy]);
    if (!result.files) return result;
    Hasher all;
    for (const context::Record& record : *result.files) {
      result.links = result.links || record.type == context::Type::kSymlink;
      all.add(record.path).add(hash_record(record));
    }
    result.all = all.finish();
    return result;
  }

  bool copies_links(size_t stage) const {
    for (std::optional<size_t> at = graph_.stages[stage].last_step; at; at = graph_.steps[*at].below) {
      if (graph_.steps[*at].kind == Step::Kind::kCopy && copied(*at).links) return true;
    }
    return false;
  }

  const Written& written(size_t run) const {
    const auto [entry, fresh] = writes_.try_emplace(run);
    if (fresh) entry->second = written_by(graph_.steps[run]);
    return entry->second;
  }

  // Whether a RUN can have changed something at or below what a path or a pattern names.
  bool may_write(size_t run, std::string_view path) const {
    const auto& paths = written(run).paths;
    return !paths || std::any_of(paths->begin(), paths->end(),
                                 [&](const std::string& p) { return may_match(path, p); });
  }

  void add_stubs(size_t run, std::string_view path, PairHasher& hasher) const {
    for (const std::string& stub : written(run).stubs) {
      if (may_match(path, stub)) hasher.add_uncertain(context::hash_bytes(stub));
    }
  }

  const plan::Graph& graph_;
  const Contexts& contexts_;
  mutable std::map<size_t, Written> writes_;  // of the RUNs asked for so far
  mutable std::map<size_t, Copied> copies_;   // by step
  std::vector<StepKeys> keys_;
  std::vector<KeyPair> results_;  // of a step: what the step above it starts from
};

}  // namespace

std::vector<StepKeys> compute_keys(const plan::Graph& graph, const Contexts& contexts) {
  return KeyMaker(graph, contexts).run();
}

std::vector<StepKeys> select_files(const plan::Graph& graph, const Contexts& contexts) {
  return KeyMaker(graph, contexts).select_files();
}

}  // namespace dcache::cache
