#include "dcache/plan/graph.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "dcache/plan/image_arguments.h"
#include "dcache/plan/planner.h"
#include "dcache/text/unicode.h"

namespace dcache::plan {
namespace {

bool is_found_in_all_stages(const Error& error, Builder builder) {
  return builder != Builder::kBuildkit || error.phase < Error::Phase::kTriggers || !error.stage;
}

}  // namespace

bool is_remote(std::string_view source) {
  if (source.starts_with("http://") || source.starts_with("https://")) return true;
  return source.starts_with("git://") || source.starts_with("git@") || source.starts_with("ssh://");
}

bool operator==(const Triggers& a, const Triggers& b) {
  const auto lines = [](const dockerfile::Instruction* instruction) { return instruction->start_line; };
  return a.dockerfile == b.dockerfile && a.file->source() == b.file->source() &&
         std::ranges::equal(a.instructions, b.instructions, {}, lines, lines);
}

bool operator==(const BuiltImage& a, const BuiltImage& b) {
  const bool same_triggers = a.triggers == b.triggers ||
                             (a.triggers != nullptr && b.triggers != nullptr && *a.triggers == *b.triggers);
  return same_triggers && a.name == b.name && a.state == b.state && a.possible_state == b.possible_state &&
         a.arguments == b.arguments;
}

std::string Step::one_line() const {
  return trigger ? "ONBUILD " + instruction->one_line() : instruction->one_line();
}

const Part* Step::find(Part::Kind part) const {
  const auto found = std::ranges::find(definition, part, &Part::kind);
  return found == definition.end() ? nullptr : &*found;
}

std::string_view Step::workdir() const {
  const Part* part = find(Part::Kind::kWorkdir);
  return part == nullptr ? std::string_view("/") : part->value;
}

bool Step::reads_context() const {
  return std::ranges::any_of(reads, [](const Read& read) { return read.origin == Read::Origin::kContext; });
}

bool Graph::is_reached(const Error& error) const {
  return is_found_in_all_stages(error, builder) || stages[*error.stage].needed;
}

bool Graph::is_certain(const Error& error) const {
  return !error.open && (is_found_in_all_stages(error, builder) || stages[*error.stage].needed_always);
}

const Error* Graph::first_error() const {
  const auto first = std::ranges::min_element(errors, {}, &Error::phase);
  return first == errors.end() ? nullptr : &*first;
}

bool Graph::starts_from(size_t stage, size_t ancestor) const {
  for (std::optional<size_t> at = stage; at; at = stages[*at].base_stage) {
    if (*at == ancestor) return true;
  }
  return false;
}

std::string Stage::label() const {
  return name.empty() ? std::to_string(index) : name;
}

const Stage* Graph::find_stage(std::string_view name_or_number) const {
  const std::string name = text::to_lower(name_or_number);
  if (const auto named = stage_names.find(name); named != stage_names.end()) return &stages[named->second];
  size_t number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool whole = failure == std::errc() && end == name.data() + name.size();
  return whole && number < stages.size() ? &stages[number] : nullptr;
}

std::optional<size_t> Graph::mounted_base(const Step& run) const {
  if (builder != Builder::kBuildkit || run.kind != Step::Kind::kRun || !run.below) return std::nullopt;
  for (const Read& read : run.reads) {
    if (read.origin == Read::Origin::kStage && stages[read.stage].last_step == run.below) return read.stage;
  }
  return std::nullopt;
}

std::string_view Graph::text_of(const dockerfile::Word& word) const {
  const auto changed = expanded.find(&word);
  return changed == expanded.end() ? word.text : std::string_view(changed->second);
}

std::shared_ptr<const Triggers> triggers_of(const Graph& graph, std::string dockerfile,
                                            std::shared_ptr<const dockerfile::File> file) {
  if (!graph.target || graph.stages[*graph.target].onbuild.empty()) return nullptr;
  return std::make_shared<const Triggers>(
      Triggers{std::move(dockerfile), std::move(file), graph.stages[*graph.target].onbuild});
}

Graph build_graph(const dockerfile::File& file, const Options& options) {
  Graph graph = Planner(file, options).run();
  graph.instructions = file.instructions();
  tell_image_arguments(file, options, graph);
  return graph;
}

}  // namespace dcache::plan
