#include "dcache/cache/keys.h"

#include <algorithm>
#include <optional>
#include <random>

#include "dcache/cache/assumed_hasher.h"
#include "dcache/cache/stage_files.h"
#include "dcache/plan/image.h"

namespace dcache::cache {
namespace {

using context::Hash;
using context::Hasher;
using plan::Part;
using plan::Read;
using plan::Step;

// What a part counts as: the shell of a RUN is a part of its arguments.
Part::Kind hashed_kind(Part::Kind kind, plan::Builder builder) {
  return kind == Part::Kind::kShell && builder == plan::Builder::kBuildkit ? Part::Kind::kArguments : kind;
}

// Hashes of environments. Each RUN sees what the one before it saw, and more: only what differs is hashed, so
// that many variables and many RUNs don't take the product of both.
class EnvironmentHasher {
 public:
  Hash hash(const plan::Environment& environment) {
    const std::vector<const plan::Variable*> variables = environment.variables();
    const auto differs = std::ranges::mismatch(variables, links_, {}, {}, &Link::variable);
    links_.erase(differs.in2, links_.end());
    for (auto variable = differs.in1; variable != variables.end(); ++variable) {
      const Hash before = links_.empty() ? Hash() : links_.back().hash;
      links_.push_back(
          {*variable, Hasher().add(before).add((*variable)->name).add((*variable)->value).finish()});
    }
    return links_.empty() ? Hash() : links_.back().hash;
  }

 private:
  // A variable, and the hash of all up to it.
  struct Link {
    const plan::Variable* variable;
    Hash hash;
  };
  std::vector<Link> links_;
};

AssumedKeys hash_definition(const Step& step, plan::Builder builder, EnvironmentHasher& environments) {
  AssumedHasher hasher;
  for (const Part& part : step.definition) {
    if (part.kind == Part::Kind::kLocation || part.kind == Part::Kind::kPossiblyBuilt) {
      hasher.add_uncertain(context::hash_bytes(part.value));
      continue;
    }
    hasher.add(static_cast<uint64_t>(hashed_kind(part.kind, builder))).add(part.name).add(part.value);
  }
  if (step.environment) hasher.add(environments.hash(*step.environment));
  return hasher.finish();
}

// The parts of a COPY that show in the files it writes. Paths may be spelled in another way for the same
// files: with a slash after the folder, or through a wildcard.
void add_visible_parts(const Step& step, AssumedHasher& hasher) {
  for (const Part& part : step.definition) {
    switch (part.kind) {
      case Part::Kind::kDestination:
        hasher.add(step.destination);
        hasher.add_uncertain(context::hash_bytes(part.value));
        break;
      case Part::Kind::kSource:
        hasher.add_uncertain(Hasher().add(part.name).add(part.value).finish());
        break;
      case Part::Kind::kOwner:
      case Part::Kind::kMode:
      case Part::Kind::kHeredoc:
      case Part::Kind::kRemote:
      case Part::Kind::kBuilt:
        hasher.add(part.name).add(part.value);
        break;
      case Part::Kind::kPossiblyBuilt:
      case Part::Kind::kLocation:
        hasher.add_uncertain(context::hash_bytes(part.value));
        break;
      default:
        break;
    }
  }
}

class KeyMaker {
 public:
  KeyMaker(const plan::Graph& graph, const Contexts& contexts, const RunAgain* again = nullptr)
      : graph_(graph), contexts_(contexts), again_(again), stage_files_(graph, keys_) {}

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
    known_.resize(graph_.steps.size());
    for (size_t i = 0; i < graph_.steps.size(); ++i)
      make(i);
    return std::move(keys_);
  }

 private:
  void make(size_t index) {
    const Step& step = graph_.steps[index];
    StepKeys& keys = keys_[index];
    keys.definition = hash_definition(step, graph_.builder, environments_);
    AssumedHasher inputs, content;
    Hasher files;
    for (size_t i = 0; i < step.reads.size(); ++i) {
      const size_t known = keys.reads.size();
      const AssumedKeys input = read(step.reads[i], i, keys);
      inputs.add(input);
      content.add(keys.reads.size() == known ? input : as_content(input, keys.reads.back().selection));
      if (step.reads[i].origin != Read::Origin::kStage) files.add(input.if_changed);
    }
    keys.files = files.finish();
    keys.inputs = is_known_by_definition(step) ? (*again_->keys)[index].inputs : inputs.finish();

    add_visible_parts(step, content);
    keys.content =
        again_ != nullptr && !again_->steps[index] ? (*again_->keys)[index].content : content.finish();

    const AssumedKeys below = key_below(step);
    AssumedHasher key;
    // Like a key that nobody has seen.
    if (step.ignores_cache) key.add(salt());
    key.add(keys.definition).add(keys.inputs);
    if (!step.independent) key.add(below);
    keys.key = key.finish();
    results_[index] =
        step.independent ? AssumedHasher().add("merge").add(below).add(keys.key).finish() : keys.key;
    finish_output(index);
  }

  void finish_output(size_t index) {
    StepKeys& keys = keys_[index];
    keys.output = keys.key.if_changed;
    if (again_ == nullptr) return;
    const Step& step = graph_.steps[index];
    if (again_->steps[index]) keys.output = Hasher().add(keys.output).add("again").finish();
    known_[index] = again_->is_known(keys.key) && (!step.independent || !step.below || known_[*step.below]);
  }

  // Whether a builder that knows the steps of the stages that it reads finds it by these, and need not look
  // at what they wrote.
  bool is_known_by_definition(const Step& step) const {
    return again_ != nullptr && std::ranges::all_of(step.reads, [&](const Read& read) {
             const auto last =
                 read.origin == Read::Origin::kStage ? graph_.stages[read.stage].last_step : std::nullopt;
             return !last || known_[*last];
           });
  }

  // What was read, except the pattern that took it.
  static AssumedKeys as_content(const AssumedKeys& input, const Selection& selection) {
    Hasher files;
    for (const SelectedFile& file : selection.files) {
      if (file.written) files.add(file.name).add(hash_record(*file.record, Content::kStale));
    }
    const Hash all = files.finish();
    return {input.if_changed, all, all};
  }

  // Another one in each making of keys.
  uint64_t salt() {
    if (!salt_) salt_ = std::random_device()();
    return *salt_;
  }

  AssumedKeys key_below(const Step& step) const {
    if (!step.below) return {};
    const auto base = graph_.mounted_base(step);
    return base ? read_stage({.origin = Read::Origin::kStage, .stage = *base}) : results_[*step.below];
  }

  AssumedKeys read(const Read& read, size_t index, StepKeys& keys) {
    switch (read.origin) {
      case Read::Origin::kContext:
        return read_context(contexts_.main, read, index, keys);
      case Read::Origin::kNamedContext: {
        const auto named = contexts_.named.find(read.name);
        return read_context(named == contexts_.named.end() ? ContextFiles() : named->second, read, index,
                            keys);
      }
      case Read::Origin::kImage:
        return read_image(read);
      case Read::Origin::kStage:
        return read_stage(read);
    }
    return {};
  }

  AssumedKeys read_context(const ContextFiles& context, const Read& read, size_t index,
                           StepKeys& keys) const {
    if (context.files == nullptr) return {};
    keys.reads.push_back({index, select(*context.files, read.selectors, context.counted)});
    const Selection& selection = keys.reads.back().selection;
    if (graph_.builder != plan::Builder::kBuildkit) return hash_with_paths(context, selection);
    AssumedHasher hasher;
    hasher.add({selection.hash, selection.stale_hash, selection.stale_hash});
    return (contexts_.are_new ? hasher.add(selection.folder_modes)
                              : hasher.add_uncertain(selection.folder_modes))
        .finish();
  }

  // The other builders hash each file with the path that it has in the context, and folders with their modes.
  // Buildah does not look at the folder that is named itself, and the classic builder not at links, but at
  // what they lead to.
  AssumedKeys hash_with_paths(const ContextFiles& context, const Selection& selection) const {
    const context::Snapshot& snapshot = *context.files;
    const bool classic = graph_.builder == plan::Builder::kClassic;
    AssumedHasher hasher;
    for (const SelectedFile& file : selection.files) {
      const context::Record* record = file.record;
      if (classic && record->type == context::Type::kSymlink) {
        const auto target = snapshot.follow(record->path);
        record = target ? snapshot.find(*target) : nullptr;
        if (record == nullptr) hasher.add(file.record->path);
      }
      if (!file.written || record == nullptr) continue;
      record = counted_record(context.counted, *record);
      if (record == nullptr) continue;
      const bool is_folder = record->type == context::Type::kFolder;
      if (is_folder && file.name.empty() && !classic) continue;
      hasher.add(record->path).add(hash_record(*record));
      if (is_folder) hasher.add(std::to_string(record->mode));
    }
    return hasher.finish();
  }

  static AssumedKeys read_image(const Read& read) {
    AssumedHasher hasher;
    hasher.add("image").add(plan::normal_reference(read.name));
    for (const plan::Selector& selector : read.selectors)
      hasher.add(selector.path);
    return hasher.finish();
  }

  // What a stage's result contains at the selected paths.
  AssumedKeys read_stage(const Read& read) const {
    AssumedHasher hasher;
    const plan::Selector everything{.path = "/", .written = "."};
    if (read.selectors.empty()) stage_files_.add_selected(read.stage, everything, hasher);
    for (const plan::Selector& selector : read.selectors) {
      // Other patterns can take the same files.
      for (const std::string& pattern : selector.include)
        hasher.add_uncertain(context::hash_bytes(pattern));
      for (const std::string& pattern : selector.exclude)
        hasher.add_uncertain(context::hash_bytes(pattern));
      stage_files_.add_selected(read.stage, selector, hasher);
    }
    return hasher.finish();
  }

  const plan::Graph& graph_;
  const Contexts& contexts_;
  const RunAgain* again_;
  std::vector<StepKeys> keys_;
  StageFiles stage_files_;
  EnvironmentHasher environments_;
  std::optional<uint64_t> salt_;
  std::vector<AssumedKeys> results_;  // of a step: what the step above it starts from
  std::vector<bool> known_;           // with `again_`: whether the builder knows it
};

}  // namespace

std::vector<StepKeys> compute_keys(const plan::Graph& graph, const Contexts& contexts) {
  return KeyMaker(graph, contexts).run();
}

std::vector<StepKeys> compute_keys(const plan::Graph& graph, const Contexts& contexts,
                                   const RunAgain& again) {
  return KeyMaker(graph, contexts, &again).run();
}

std::vector<StepKeys> select_files(const plan::Graph& graph, const Contexts& contexts) {
  return KeyMaker(graph, contexts).select_files();
}

}  // namespace dcache::cache
