#include "dcache/observe/record_reader.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "dcache/observe/line.h"
#include "dcache/observe/plain_reader.h"
#include "dcache/text/json.h"

namespace dcache::observe {
namespace {

using nlohmann::json;

constexpr size_t kMostParts = 10'000;  // intervals, members, inputs and transfers of a vertex

std::string text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<int64_t> moment_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  const auto moment = read_moment(found->get_ref<const std::string&>());
  return moment ? std::optional(moment->nanoseconds) : std::nullopt;
}

const json& list_of(const json& object, const char* name) {
  static const json kNone = json::array();
  const auto found = object.find(name);
  return found != object.end() && found->is_array() ? *found : kNone;
}

// Bytes as Go writes them into JSON.
std::string from_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) break;
    bits = (bits << 6U) | static_cast<uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>((bits >> static_cast<uint32_t>(count)) & 0xffU);
  }
  return bytes;
}

bool is_cached(const json& vertex) {
  const auto cached = vertex.find("cached");
  return cached != vertex.end() && cached->is_boolean() && cached->get<bool>();
}

// Whether another image needs the result of a vertex that had ended: its name tells the image.
bool is_reused_by_other(const Vertex& vertex, const json& object) {
  return vertex.ended && is_cached(object) && !object.contains("progressGroup") &&
         text_of(object, "name") != vertex.name;
}

// How long something took that may have been worked on several times, in nanoseconds.
int64_t length_of(const std::map<int64_t, std::optional<int64_t>>& intervals) {
  int64_t length = 0;
  std::optional<int64_t> until;
  for (const auto& [start, stop] : intervals) {
    if (!stop || *stop <= start) continue;
    const int64_t from = until ? std::max(start, *until) : start;
    if (*stop > from) length += *stop - from;
    until = until ? std::max(*until, *stop) : *stop;
  }
  return length;
}

// When it had ended. That it was needed again later took no time.
int64_t end_of(const std::map<int64_t, std::optional<int64_t>>& intervals) {
  std::optional<int64_t> end;
  for (const auto& [start, stop] : intervals) {
    if (stop && (!end || *stop > start)) end = std::max(end.value_or(*stop), *stop);
  }
  return end.value_or(intervals.rbegin()->first);
}

}  // namespace

bool RecordReader::is_record(std::string_view line) {
  constexpr std::array<std::string_view, 4> kNames = {"vertexes", "statuses", "logs", "warnings"};
  if (!line.starts_with("{\"")) return false;
  line.remove_prefix(2);
  return std::ranges::any_of(kNames, [&](std::string_view name) {
    return line.starts_with(name) && line.substr(name.size()).starts_with('"');
  });
}

bool RecordReader::read(std::string_view line) {
  const json object = text::parse_json(line);
  if (!object.is_object()) return false;
  const json& vertices = list_of(object, "vertexes");
  if (run_ != collector_.run_number()) start_over();
  if (begins_run(vertices)) {
    finish();
    collector_.start_run({});
    start_over();
  }
  for (const json& vertex : vertices)
    if (vertex.is_object()) read_vertex(vertex);
  for (const json& status : list_of(object, "statuses"))
    if (status.is_object()) read_status(status);
  for (const json& output : list_of(object, "logs"))
    if (output.is_object()) note_moment(output);
  for (const json& warning : list_of(object, "warnings"))
    if (warning.is_object()) read_warning(warning);
  return true;
}

// The record of another build names, before it starts them, vertices that had ended before the image of this
// one was exported.
bool RecordReader::begins_run(const json& vertices) const {
  if (vertices.empty() || !vertices.front().is_object() || vertices.front().contains("started")) return false;
  const auto known = tracked_.find(text_of(vertices.front(), "digest"));
  const auto& all = collector_.vertices();
  if (known == tracked_.end() || !all[known->second.vertex].ended) return false;
  return std::ranges::any_of(
      all, [](const Vertex& vertex) { return vertex.ended && vertex.name.starts_with("exporting to "); });
}

RecordReader::VertexGroup* RecordReader::find(const std::string& digest) {
  const auto group = groups_.find(digest);
  const auto known = tracked_.find(group == groups_.end() ? digest : group->second);
  return known == tracked_.end() ? nullptr : &known->second;
}

RecordReader::VertexGroup* RecordReader::track(const std::string& digest, const json& vertex) {
  std::string key = digest;
  std::string name = text_of(vertex, "name");
  const auto group = vertex.find("progressGroup");
  if (group != vertex.end() && group->is_object()) {
    key = "group " + text_of(*group, "id");
    name = text_of(*group, "name");
    groups_[digest] = key;
  }
  const auto known = tracked_.find(key);
  if (known != tracked_.end()) {
    collector_.add_digest(digest, known->second.vertex);
    return &known->second;
  }
  const auto added = collector_.add_vertex(name);
  if (!added) return nullptr;
  collector_.vertices()[*added].digest = digest;
  collector_.add_digest(digest, *added);
  return &tracked_.emplace(std::move(key), VertexGroup{*added}).first->second;
}

void RecordReader::read_vertex(const json& object) {
  const std::string digest = text_of(object, "digest");
  if (digest.empty()) return;
  VertexGroup* tracked = track(digest, object);
  if (tracked == nullptr || tracked->intervals.size() > kMostParts || tracked->members.size() > kMostParts)
    return collector_.mark_cut();
  Vertex& vertex = collector_.vertices()[tracked->vertex];
  if (is_reused_by_other(vertex, object)) return;
  for (const json& input : list_of(object, "inputs")) {
    if (!input.is_string() || vertex.inputs.size() > kMostParts) continue;
    const auto& text = input.get_ref<const std::string&>();
    if (std::ranges::find(vertex.inputs, text) == vertex.inputs.end()) vertex.inputs.push_back(text);
  }
  const auto completed = moment_of(object, "completed");
  Member& member = tracked->members[digest];
  if (!member.completed || (completed && *completed >= *member.completed)) {
    // Of `COPY --link` the copy may be reused, and only put on other layers.
    const std::string name = text_of(object, "name");
    const bool is_merge =
        name.find("] LINK ") != std::string::npos || name.find("] ONBUILD LINK ") != std::string::npos;
    member = {is_cached(object), is_merge, completed};
  }
  const std::string error = text_of(object, "error");
  if (!error.empty()) {
    vertex.canceled = error.ends_with("context canceled");
    vertex.error = vertex.canceled ? std::string() : collector_.kept(error);
  }
  if (const auto started = moment_of(object, "started")) {
    // Of two builds that need a vertex, one may tell of its start after the other told of its end.
    auto& stop = tracked->intervals[*started];
    if (completed) stop = std::max(stop.value_or(*completed), *completed);
  }
  sum_up(*tracked);
}

void RecordReader::sum_up(const VertexGroup& tracked) {
  Vertex& vertex = collector_.vertices()[tracked.vertex];
  const bool failed = vertex.canceled || !vertex.error.empty();
  const bool is_group = tracked.members.size() > 1;
  vertex.cached = !failed && std::ranges::all_of(tracked.members, [&](const auto& member) {
    return member.second.cached || (is_group && member.second.is_merge);
  });
  if (tracked.intervals.empty()) return;
  vertex.started = collector_.since_start(tracked.intervals.begin()->first);
  vertex.seconds = static_cast<double>(length_of(tracked.intervals)) / 1e9;
  const auto& last = *tracked.intervals.rbegin();
  vertex.ended = last.second.has_value();
  if (last.second) vertex.completed = collector_.since_start(end_of(tracked.intervals));
}

void RecordReader::note_moment(const json& said) {
  VertexGroup* tracked = find(text_of(said, "vertex"));
  const auto moment = moment_of(said, "timestamp");
  if (tracked != nullptr && moment)
    tracked->last_said = std::max(tracked->last_said.value_or(*moment), *moment);
}

void RecordReader::read_status(const json& object) {
  note_moment(object);
  VertexGroup* tracked = find(text_of(object, "vertex"));
  const std::string id = text_of(object, "id");
  const auto current = object.find("current");
  if (tracked == nullptr || !is_transfer(id) || current == object.end() || !current->is_number_unsigned())
    return;
  if (tracked->bytes.size() >= kMostParts && !tracked->bytes.contains(id)) return;
  uint64_t& bytes = tracked->bytes[id];
  const auto now = std::min(current->get<uint64_t>(), uint64_t{1} << 60U);
  if (now <= bytes) return;
  collector_.vertices()[tracked->vertex].bytes += now - bytes;
  bytes = now;
}

void RecordReader::read_warning(const json& object) {
  VertexGroup* tracked = find(text_of(object, "vertex"));
  if (tracked == nullptr) return;
  collector_.add_warning(collector_.vertices()[tracked->vertex], from_base64(text_of(object, "short")));
}

void RecordReader::start_over() {
  run_ = collector_.run_number();
  tracked_.clear();
  groups_.clear();
}

void RecordReader::finish() {
  if (run_ != collector_.run_number()) return start_over();
  // Of a vertex that did not end, the time is that of the last thing that was said of it.
  for (const auto& [key, tracked] : tracked_) {
    const bool is_open = !tracked.intervals.empty() && !tracked.intervals.rbegin()->second;
    if (!is_open || !tracked.last_said) continue;
    auto intervals = tracked.intervals;
    intervals.rbegin()->second = tracked.last_said;
    collector_.vertices()[tracked.vertex].seconds = static_cast<double>(length_of(intervals)) / 1e9;
  }
  start_over();
}

}  // namespace dcache::observe
