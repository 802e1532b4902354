#include "dcache/history/kept_replay.h"

#include <algorithm>
#include <limits>
#include <set>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/text/json.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/unicode.h"
#include "dcache/version.h"

namespace dcache::history {
namespace {

using cache::Cause;
using nlohmann::json;
using text::JsonWriter;

constexpr std::string_view kMarker = "dcache_history";
constexpr int kVersion = 2;
constexpr size_t kHexSize = 32;  // of a hash

void write_hashes(const std::vector<context::Hash>& hashes, JsonWriter& out) {
  std::string all;
  for (const context::Hash& hash : hashes)
    all += to_hex(hash);
  out.value(all);
}

void write_step(const StepAtCommit& step, JsonWriter& out) {
  out.begin_array().value(step.stage).value(step.line).value(static_cast<int>(step.verdict));
  out.value(step.runs_always).end_array();
}

void write_segment(const PlanSegment& segment, JsonWriter& out) {
  out.begin_object();
  std::string needed;
  for (const bool is_needed : segment.needed)
    needed += is_needed ? '1' : '0';
  out.member("needed", needed);
  out.key("next").begin_array();
  for (const std::optional<size_t>& step : segment.next) {
    if (step) {
      out.value(*step);
    } else {
      out.null();
    }
  }
  out.end_array().key("names");
  write_hashes(segment.names, out);
  out.key("outcomes").begin_array();
  for (const auto& outcome : segment.outcomes) {
    out.begin_array();
    for (const StepAtCommit& step : *outcome)
      write_step(step, out);
    out.end_array();
  }
  out.end_array().end_object();
}

void write_commit(const ImageAtCommit& commit, const PlanSegment* segment, JsonWriter& out) {
  out.begin_array().value(static_cast<int>(commit.state));
  if (commit.state == ImageAtCommit::State::kFails) out.value(commit.reason);
  if (segment != nullptr) {
    const auto outcome = std::ranges::find(segment->outcomes, commit.steps);
    out.value(commit.plan).value(outcome - segment->outcomes.begin()).value(commit.changes_nothing);
  }
  out.end_array();
}

void write_rebuilt_step(const Rebuilds::Step& step, JsonWriter& out) {
  out.begin_array().value(step.step).value(step.root).value(step.surely);
  for (const size_t starter : step.starters)
    out.value(starter);
  out.end_array();
}

void write_rebuilds(size_t commit, const Rebuilds& rebuilds, JsonWriter& out) {
  out.begin_array().value(commit).begin_array();
  for (const Rebuilds::Step& step : rebuilds.steps)
    write_rebuilt_step(step, out);
  out.end_array().begin_array();
  for (const auto& [root, origin] : rebuilds.origins) {
    out.begin_array().value(root).value(static_cast<int>(origin.kind));
    for (const std::string& path : origin.paths)
      out.value(path);
    out.end_array();
  }
  out.end_array().end_array();
}

void write_visible(const VisibleByContext& visible, JsonWriter& out) {
  out.begin_object();
  for (const auto& [context, paths] : visible) {
    out.key(context).begin_object().key("paths").begin_array();
    for (const std::string& path : paths.paths)
      out.value(path);
    out.end_array().key("regions").begin_array();
    for (const context::VisiblePaths::Region& region : paths.regions)
      out.begin_array().value(region.folder).value(region.depth).end_array();
    out.end_array().end_object();
  }
  out.end_object();
}

void write_image(const KeptImage& image, JsonWriter& out) {
  out.begin_object().member("name", image.name).member("state", image.state);
  out.key("visible");
  write_visible(image.visible, out);
  out.key("known").begin_array();
  for (const auto* const hashes : {&image.known.if_changed, &image.known.if_same, &image.known.if_untouched})
    write_hashes(*hashes, out);
  out.end_array().key("plans").begin_array();
  for (const PlanSegment& segment : image.segments)
    write_segment(segment, out);
  out.end_array().key("commits").begin_array();
  for (const ImageAtCommit& commit : image.commits) {
    const bool is_built = commit.state == ImageAtCommit::State::kBuilt;
    write_commit(commit, is_built ? &image.segments[commit.plan] : nullptr, out);
  }
  out.end_array().key("rebuilds").begin_array();
  for (const auto& [commit, rebuilds] : image.rebuilds)
    write_rebuilds(commit, rebuilds, out);
  out.end_array().end_object();
}

std::string sum_of(std::string_view line) {
  return to_hex(context::hash_bytes(line));
}

// Reading throws for what is not as it was written: nlohmann does for missing and ill-typed members.

[[noreturn]] void fail_to_read() {
  throw std::out_of_range("a number that is too large");
}

size_t read_index(const json& value, size_t count) {
  const uint64_t index = text::whole_number(value, std::numeric_limits<uint32_t>::max());
  if (index >= count) fail_to_read();
  return static_cast<size_t>(index);
}

std::vector<context::Hash> read_hashes(const json& value) {
  const auto& all = value.get_ref<const std::string&>();
  std::vector<context::Hash> hashes;
  for (size_t at = 0; at < all.size(); at += kHexSize) {
    const auto hash = context::hash_from_hex(std::string_view(all).substr(at, kHexSize));
    if (!hash) fail_to_read();
    hashes.push_back(*hash);
  }
  return hashes;
}

StepAtCommit read_step(const json& value) {
  constexpr size_t kVerdicts = 5;
  return {value.at(0).get<std::string>(),
          static_cast<uint32_t>(read_index(value.at(1), std::numeric_limits<uint32_t>::max())),
          static_cast<cache::Verdict>(read_index(value.at(2), kVerdicts)), value.at(3).get<bool>()};
}

PlanSegment read_segment(const json& value) {
  PlanSegment segment;
  for (const char digit : value.at("needed").get_ref<const std::string&>())
    segment.needed.push_back(digit == '1');
  for (const json& step : value.at("next")) {
    segment.next.push_back(step.is_null() ? std::nullopt : std::optional(read_index(step, SIZE_MAX)));
  }
  segment.names = read_hashes(value.at("names"));
  if (segment.names.size() != segment.needed.size()) fail_to_read();
  for (const json& outcome : value.at("outcomes")) {
    std::vector<StepAtCommit> steps;
    for (const json& step : outcome)
      steps.push_back(read_step(step));
    segment.outcomes.push_back(std::make_shared<const std::vector<StepAtCommit>>(std::move(steps)));
  }
  return segment;
}

void check_next(const std::vector<PlanSegment>& segments) {
  for (size_t i = 0; i < segments.size(); ++i) {
    const bool is_newest = i + 1 == segments.size();
    if (segments[i].next.size() != (is_newest ? 0 : segments[i].needed.size())) fail_to_read();
    for (const std::optional<size_t>& step : segments[i].next) {
      if (step && *step >= segments[i + 1].needed.size()) fail_to_read();
    }
  }
}

ImageAtCommit read_commit(const json& value, const std::vector<PlanSegment>& segments) {
  constexpr size_t kStates = 3;
  ImageAtCommit commit;
  commit.state = static_cast<ImageAtCommit::State>(read_index(value.at(0), kStates));
  if (commit.state == ImageAtCommit::State::kFails) commit.reason = value.at(1).get<std::string>();
  if (commit.state != ImageAtCommit::State::kBuilt) return commit;
  commit.plan = read_index(value.at(1), segments.size());
  const auto& outcomes = segments[commit.plan].outcomes;
  commit.steps = outcomes[read_index(value.at(2), outcomes.size())];
  commit.changes_nothing = value.at(3).get<bool>();
  return commit;
}

Rebuilds read_rebuilds(const json& value, size_t steps) {
  constexpr size_t kKinds = static_cast<size_t>(Cause::Kind::kImports) + 1;
  Rebuilds rebuilds;
  for (const json& step : value.at(1)) {
    Rebuilds::Step& read = rebuilds.steps.emplace_back();
    read = {read_index(step.at(0), steps), read_index(step.at(1), steps), step.at(2).get<bool>()};
    for (size_t i = 3; i < step.size(); ++i)
      read.starters.push_back(read_index(step.at(i), steps));
  }
  for (const json& given : value.at(2)) {
    Rebuilds::Origin& origin = rebuilds.origins[read_index(given.at(0), steps)];
    origin.kind = static_cast<Cause::Kind>(read_index(given.at(1), kKinds));
    for (size_t i = 2; i < given.size(); ++i)
      origin.paths.push_back(given.at(i).get<std::string>());
  }
  return rebuilds;
}

VisibleByContext read_visible(const json& value) {
  VisibleByContext visible;
  for (const auto& [context, given] : value.items()) {
    context::VisiblePaths& paths = visible[context];
    paths.paths = given.at("paths").get<std::vector<std::string>>();
    for (const json& region : given.at("regions"))
      paths.regions.push_back({region.at(0).get<std::string>(), region.at(1).get<size_t>()});
  }
  return visible;
}

KeptImage read_image(const json& value, size_t commits) {
  KeptImage image;
  image.name = value.at("name").get<std::string>();
  image.state = value.at("state").get<std::string>();
  image.visible = read_visible(value.at("visible"));
  image.known = {read_hashes(value.at("known").at(0)), read_hashes(value.at("known").at(1)),
                 read_hashes(value.at("known").at(2))};
  for (const json& segment : value.at("plans"))
    image.segments.push_back(read_segment(segment));
  check_next(image.segments);
  for (const json& commit : value.at("commits"))
    image.commits.push_back(read_commit(commit, image.segments));
  if (image.commits.size() != commits) fail_to_read();
  for (const json& given : value.at("rebuilds")) {
    const size_t commit = read_index(given.at(0), commits);
    if (image.commits[commit].state != ImageAtCommit::State::kBuilt) fail_to_read();
    image.rebuilds[commit] = read_rebuilds(given, image.segments[image.commits[commit].plan].needed.size());
  }
  return image;
}

KeptReplay kept_from(const json& value) {
  KeptReplay kept;
  for (const json& commit : value.at("commits")) {
    const auto id = context::object_id_from_hex(commit.get_ref<const std::string&>());
    if (!id) fail_to_read();
    kept.commits.push_back(*id);
  }
  std::set<std::string> names;
  for (const json& image : value.at("images")) {
    kept.images.push_back(read_image(image, kept.commits.size()));
    if (!names.insert(kept.images.back().name).second) fail_to_read();
  }
  const auto read_paths = [&](const char* name, std::vector<std::pair<size_t, std::string>>& paths) {
    for (const json& path : value.at(name))
      paths.emplace_back(read_index(path.at(0), kept.commits.size()), path.at(1).get<std::string>());
  };
  read_paths("submodules", kept.submodules);
  read_paths("attributes", kept.attributes);
  return kept;
}

}  // namespace

std::string to_text(const KeptReplay& kept) {
  std::string all;
  JsonWriter out(all);
  out.begin_object().member(kMarker, kVersion).member("program", DCACHE_VERSION);
  out.key("commits").begin_array();
  for (const context::ObjectId& commit : kept.commits)
    out.value(to_hex(commit));
  out.end_array().key("images").begin_array();
  for (const KeptImage& image : kept.images)
    write_image(image, out);
  out.end_array();
  const auto write_paths = [&](std::string_view name,
                               const std::vector<std::pair<size_t, std::string>>& paths) {
    out.key(name).begin_array();
    for (const auto& [commit, path] : paths)
      out.begin_array().value(commit).value(path).end_array();
    out.end_array();
  };
  write_paths("submodules", kept.submodules);
  write_paths("attributes", kept.attributes);
  out.end_object();
  return all + '\n' + sum_of(all) + '\n';
}

tl::expected<std::shared_ptr<const KeptReplay>, std::string> read_kept(const std::string& text) {
  const std::string_view first = std::string_view(text).substr(0, text.find('\n'));
  const json value = text::parse_json(first);
  if (!value.is_object() || !value.contains(kMarker))
    return tl::unexpected<std::string>("is not what an earlier replay left");
  if (text::trim(std::string_view(text).substr(first.size())) != sum_of(first))
    return tl::unexpected<std::string>("is damaged");
  try {
    const bool is_ours = text::whole_number(value.at(std::string(kMarker)), INT32_MAX) == kVersion &&
                         value.at("program") == DCACHE_VERSION;
    if (!is_ours) return nullptr;  // another version may answer otherwise
    return std::make_shared<const KeptReplay>(kept_from(value));
  } catch (const std::exception&) {
    return tl::unexpected<std::string>("is damaged");
  }
}

}  // namespace dcache::history
