#include "dcache/observe/notices.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "dcache/observe/name.h"

namespace dcache::observe {
namespace {

constexpr size_t kLongest = 400;  // of what is kept of a line

// A line that contains both parts.
struct Words {
  Notice::Kind kind;
  std::string_view first;
  std::string_view second;
};
constexpr std::array kLines = {
    Words{Notice::Kind::kCacheImport, "cache import at", "not found"},
    Words{Notice::Kind::kCacheImport, "failed to configure", "cache importer"},
    Words{Notice::Kind::kCacheImport, "failed to import cache", ""},
    Words{Notice::Kind::kCacheImport, "importing cache manifest", "ERROR"},
    Words{Notice::Kind::kCacheExport, "failed to configure", "cache exporter"},
    Words{Notice::Kind::kCacheExport, "Cache export", "not supported"},
    Words{Notice::Kind::kCacheExport, "error writing layer blob", ""},
    Words{Notice::Kind::kCacheExport, "error writing manifest blob", ""},
};

// Commands that build, and what their options say.
constexpr std::array<std::string_view, 5> kCommands = {"docker build ", "docker buildx build ",
                                                       "docker buildx bake ", "buildctl build ",
                                                       "buildctl-daemonless.sh build "};
constexpr std::array kOptions = {
    Words{Notice::Kind::kNoCache, " --no-cache", ""},
    Words{Notice::Kind::kPull, " --pull", ""},
};

bool has(std::string_view line, std::string_view part) {
  return line.find(part) != std::string_view::npos;
}

// "importing cache manifest from ghcr.io/acme/app", of bake with "[api] " before it.
bool is_import(std::string_view name) {
  return is_cache_work(name) && has(name, "importing cache manifest from ");
}

// The image whose build failed, of bake and Compose: "ERROR: target api: failed to solve: …".
std::string target_before(std::string_view words) {
  constexpr std::string_view kTarget = "target ";
  const size_t at = words.rfind(kTarget);
  if (at == std::string_view::npos || !words.ends_with(": ")) return {};
  words = words.substr(at + kTarget.size());
  const std::string_view name = words.substr(0, words.size() - 2);
  return std::string(name.find_first_of(" :") == std::string_view::npos ? name : "");
}

// What a builder prints last if the build failed. "ERROR: failed to build: failed to solve: …", of older ones
// without the words in the middle; a builder that was lost is "ERROR: failed to receive status: …". Other
// programs begin lines with "ERROR: " too.
std::optional<Notice> failure_of_line(std::string_view line) {
  constexpr std::array<std::string_view, 4> kStarts = {"ERROR: ", "error: ", "target ", "failed to solve: "};
  constexpr std::array<std::string_view, 3> kFailures = {
      "failed to solve: ", "failed to receive status: ", "failed to build: "};
  const bool is_end =
      std::ranges::any_of(kStarts, [&](std::string_view start) { return line.starts_with(start); });
  if (!is_end) return std::nullopt;
  for (const std::string_view failure : kFailures) {
    const size_t at = line.find(failure);
    if (at == std::string_view::npos) continue;
    return Notice{Notice::Kind::kFailed, std::string(line.substr(at + failure.size(), kLongest)),
                  target_before(line.substr(0, at))};
  }
  return std::nullopt;
}

// An option that is there and not the beginning of another one: `--no-cache`, and not `--no-cache-filter`.
bool has_option(std::string_view line, std::string_view option) {
  const size_t at = line.find(option);
  if (at == std::string_view::npos) return false;
  const std::string_view rest = line.substr(at + option.size());
  return rest.empty() || rest.front() == ' ' || rest.starts_with("=true");
}

}  // namespace

std::vector<Notice> notices_of_line(std::string_view line) {
  std::vector<Notice> notices;
  const std::string words(line.substr(0, kLongest));
  for (const Words& known : kLines) {
    if (has(line, known.first) && has(line, known.second)) {
      notices.push_back({known.kind, words});
      break;
    }
  }
  if (auto failure = failure_of_line(line)) notices.push_back(std::move(*failure));
  const bool is_command =
      std::ranges::any_of(kCommands, [&](std::string_view command) { return has(line, command); });
  for (const Words& known : kOptions) {
    if (is_command && has_option(line, known.first)) notices.push_back({known.kind, words});
  }
  return notices;
}

std::optional<Notice> ending_of_line(std::string_view line) {
  constexpr std::string_view kError = "ERROR: ", kChecked = "Check complete, ";
  if (line.starts_with(kError))
    return Notice{Notice::Kind::kFailed, std::string(line.substr(kError.size(), kLongest))};
  if (line.starts_with(kChecked))
    return Notice{Notice::Kind::kChecked, std::string(line.substr(kChecked.size(), kLongest))};
  return std::nullopt;
}

bool is_cache_export(std::string_view name) {
  return is_cache_work(name) && has(name, "exporting");
}

std::optional<Notice> notice_of(const Vertex& vertex) {
  if (is_boot(vertex.name)) return Notice{Notice::Kind::kNewBuilder, vertex.name};
  if (!is_cache_work(vertex.name)) return std::nullopt;
  const std::string image(image_shown_by(vertex.name));
  if (vertex.error.empty()) {
    return vertex.ended && is_import(vertex.name)
               ? std::optional(Notice{Notice::Kind::kCacheImported, vertex.name.substr(0, kLongest), image})
               : std::nullopt;
  }
  return Notice{is_cache_export(vertex.name) ? Notice::Kind::kCacheExport : Notice::Kind::kCacheImport,
                (vertex.name + ": " + vertex.error).substr(0, kLongest), image};
}

}  // namespace dcache::observe
