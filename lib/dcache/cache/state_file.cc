#include "dcache/cache/state_file.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dcache/text/json.h"
#include "dcache/text/json_writer.h"
#include "dcache/text/unicode.h"

namespace dcache::cache {
namespace {

using context::Record;
using context::Snapshot;
using context::Type;
using nlohmann::json;

constexpr int kVersion = 1;
constexpr std::string_view kMarker = "dcache-snapshot";
constexpr std::string_view kMore = "more";
// No system opens a longer path, and each folder of one is a record of its own.
constexpr size_t kLongestPath = 4096;
constexpr std::string_view kTypes = "fdlo";  // by Type

// JSON has no strings of bytes that are not UTF-8, which names of files and Dockerfiles may be.
constexpr std::string_view kBytes = "hex";

void write_text(std::string_view text, text::JsonWriter& out) {
  if (text::is_utf8(text)) {
    out.value(text);
    return;
  }
  std::string hex;
  for (const char byte : text)
    hex += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  out.begin_object().member(kBytes, hex).end_object();
}

std::string read_text(const json& value) {
  if (!value.is_object()) return value.get<std::string>();
  const std::string hex = value.at(std::string(kBytes));
  std::string text;
  for (size_t at = 0; at < hex.size(); at += 2) {
    unsigned char byte = 0;
    const char* const digits = hex.data() + at;
    const auto parsed = std::from_chars(digits, digits + std::min<size_t>(2, hex.size() - at), byte, 16);
    if (parsed.ec != std::errc() || parsed.ptr != digits + 2)
      throw std::invalid_argument("a name is damaged");
    text += static_cast<char>(byte);
  }
  return text;
}

void write_records(const Snapshot& snapshot, text::JsonWriter& out) {
  out.begin_array();
  for (const Record& record : snapshot.records()) {
    out.begin_array();
    write_text(record.path, out);
    out.value(kTypes.substr(static_cast<size_t>(record.type), 1)).value(record.mode).value(record.size);
    if (record.type == Type::kSymlink) write_text(record.target, out);
    if (record.content) out.value(context::to_hex(*record.content)).value(record.stamp.modified);
    if (record.attributes != context::Hash{}) out.value(context::to_hex(record.attributes));
    out.end_array();
  }
  out.end_array();
}

void write_map(const std::map<std::string, std::string, std::less<>>& values, text::JsonWriter& out) {
  out.begin_object();
  for (const auto& [name, value] : values) {
    out.key(name);
    write_text(value, out);
  }
  out.end_object();
}

Record read_record(const json& entry) {
  Record record;
  record.path = read_text(entry.at(0));
  if (record.path.size() > kLongestPath) throw std::invalid_argument("a path is longer than any file has");
  const size_t type = kTypes.find(entry.at(1).get<std::string>());
  if (type == std::string_view::npos) throw std::invalid_argument("unknown type of a file");
  record.type = static_cast<Type>(type);
  record.mode = static_cast<uint32_t>(text::whole_number(entry.at(2), UINT32_MAX));
  record.size = text::whole_number(entry.at(3), UINT64_MAX);
  if (record.type == Type::kSymlink) record.target = read_text(entry.at(4));
  const auto read_hash = [&](size_t at) {
    const auto hash = context::hash_from_hex(entry.at(at).get<std::string>());
    if (!hash) throw std::invalid_argument("a hash is damaged");
    return *hash;
  };
  size_t next = 4;
  if (record.type == Type::kSymlink) ++next;
  if (record.type == Type::kFile && entry.size() > next) {
    record.content = read_hash(next++);
    if (entry.size() > next) {
      record.stamp.size = record.size;
      const json& modified = entry.at(next++);
      if (!modified.is_number_integer()) throw std::invalid_argument("a time is not a whole number");
      record.stamp.modified = modified.get<int64_t>();
    }
  }
  if (entry.size() > next) record.attributes = read_hash(next);
  return record;
}

Snapshot read_records(const json& entries) {
  std::vector<Record> records;
  for (const json& entry : entries)
    records.push_back(read_record(entry));
  return Snapshot(std::move(records));
}

// What was given in addition to the files, as far as it was.
void write_build_options(const plan::Options& options, text::JsonWriter& out) {
  const plan::RunOptions& run = options.run;
  const auto member = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out.key(name), write_text(value, out);
  };
  const auto list = [&](std::string_view name, const std::vector<std::string>& values) {
    if (values.empty()) return;
    out.key(name).begin_array();
    for (const std::string& value : values)
      write_text(value, out);
    out.end_array();
  };
  out.key("options").begin_object();
  member("network", run.network);
  member("hostname", run.hostname);
  list("add_hosts", run.add_hosts);
  list("ulimits", run.ulimits);
  member("shm_size", run.shm_size);
  member("cgroup_parent", run.cgroup_parent);
  if (options.store == plan::Store::kOverlay2) out.member("store", "overlay2");
  out.end_object();
}

void read_build_options(const json& given, plan::Options& options) {
  const auto member = [&](const char* name, std::string& value) {
    if (given.contains(name)) value = read_text(given.at(name));
  };
  const auto list = [&](const char* name, std::vector<std::string>& values) {
    if (!given.contains(name)) return;
    for (const json& value : given.at(name))
      values.push_back(read_text(value));
  };
  member("network", options.run.network);
  member("hostname", options.run.hostname);
  list("add_hosts", options.run.add_hosts);
  list("ulimits", options.run.ulimits);
  member("shm_size", options.run.shm_size);
  member("cgroup_parent", options.run.cgroup_parent);
  if (given.value("store", "") == "overlay2") options.store = plan::Store::kOverlay2;
}

tl::expected<Build, std::string> build_from(const json& state) {
  BuildOptions options;
  options.dockerfile = read_text(state.at("dockerfile").at("path"));
  if (state.contains("context")) options.context = read_text(state.at("context"));
  options.plan.target = state.at("target");
  const std::string builder = state.value("builder", "buildkit");
  const auto known = plan::builder_of(builder);
  if (!known) throw std::invalid_argument("unknown builder");
  options.plan.builder = *known;
  options.plan.platform = state.at("platform");
  if (state.contains("options")) read_build_options(state.at("options"), options.plan);
  for (const auto& [name, value] : state.at("build_args").items())
    options.plan.build_args[name] = read_text(value);
  for (const auto& [name, value] : state.at("named_contexts").items())
    options.plan.named_contexts[name] = read_text(value);
  Build::Parts parts{read_text(state.at("dockerfile").at("text")), {}};
  for (const auto& [name, records] : state.at("contexts").items()) {
    (name.empty() ? parts.context : parts.named_contexts[name]) = read_records(records);
  }
  auto build = Build::make(options, std::move(parts));
  if (!build) return tl::unexpected("its Dockerfile can't be planned: " + build.error().front().message);
  return std::move(*build);
}

void write_build(const Build& build, text::JsonWriter& out) {
  out.key("dockerfile").begin_object();
  out.key("path");
  write_text(build.options().dockerfile, out);
  out.key("text");
  write_text(build.file().source(), out);
  out.end_object();
  out.key("context");
  write_text(build.options().context, out);
  out.member("builder", plan::name_of(build.options().plan.builder));
  out.member("target", build.options().plan.target).member("platform", build.options().plan.platform);
  out.key("build_args");
  write_map(build.options().plan.build_args, out);
  out.key("named_contexts");
  write_map(build.options().plan.named_contexts, out);
  write_build_options(build.options().plan, out);
  out.key("contexts").begin_object().key("");
  write_records(build.context(), out);
  for (const auto& [name, snapshot] : build.named_contexts()) {
    out.key(name);
    write_records(snapshot, out);
  }
  out.end_object();
}

tl::expected<std::vector<Build>, std::string> builds_from(const json& state) {
  std::vector<const json*> parts{&state};
  if (const auto more = state.find(kMore); more != state.end()) {
    for (const json& other : *more)
      parts.push_back(&other);
  }
  std::vector<Build> builds;
  for (const json* part : parts) {
    auto build = build_from(*part);
    if (!build) return tl::unexpected(std::move(build.error()));
    builds.push_back(std::move(*build));
  }
  return builds;
}

}  // namespace

std::string write_state(const Build& build, std::span<const Build> others) {
  std::string text;
  text::JsonWriter out(text);
  out.begin_object().member(kMarker, kVersion);
  write_build(build, out);
  if (!others.empty()) {
    out.key(kMore).begin_array();
    for (const Build& other : others) {
      out.begin_object();
      write_build(other, out);
      out.end_object();
    }
    out.end_array();
  }
  out.end_object();
  text += '\n';
  return text;
}

tl::expected<Build, std::string> read_state(const std::string& text) {
  auto states = read_states(text);
  if (!states) return tl::unexpected(std::move(states.error()));
  return std::move(states->front());
}

tl::expected<std::vector<Build>, std::string> read_states(const std::string& text) {
  const json state = text::parse_json(text);
  if (!state.is_object() || !state.contains(kMarker)) {
    return tl::unexpected<std::string>(
        "it is not a snapshot, or it is damaged; create one with dcache "
        "snapshot");
  }
  const json& version = state.at(std::string(kMarker));
  if (!version.is_number_integer() || version.get<int64_t>() != kVersion) {
    return tl::unexpected(
        fmt::format("its version is {}, and this program reads version {}; create it "
                    "again",
                    text::to_text(version), kVersion));
  }
  try {
    return builds_from(state);
  } catch (const std::exception& error) {  // nlohmann reports missing and ill-typed members by exception
    // The library's own errors name no place that helps.
    const bool foreign = dynamic_cast<const json::exception*>(&error) != nullptr;
    return tl::unexpected(fmt::format("it is damaged{}; create a new one with dcache snapshot",
                                      foreign ? "" : fmt::format(" ({})", error.what())));
  }
}

}  // namespace dcache::cache
