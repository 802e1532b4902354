#include "dcache/observe/notices.h"

#include <algorithm>
#include <array>
#include <string>

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
  const size_t image = name.starts_with('[') ? name.find("] ") : std::string_view::npos;
  if (image != std::string_view::npos) name.remove_prefix(image + 2);
  return name.starts_with("importing cache manifest from ");
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
  // "ERROR: failed to build: failed to solve: …", of older ones without the words in the middle.
  constexpr std::string_view kFailed = "failed to solve: ";
  const size_t failure = line.find(kFailed);
  const bool is_end = line.starts_with("ERROR: ") || line.starts_with("error: ") ||
                      line.starts_with("target ") || line.starts_with(kFailed);
  if (failure != std::string_view::npos && is_end)
    notices.push_back({Notice::Kind::kFailed, words.substr(std::min(words.size(), failure + kFailed.size())),
                       target_before(line.substr(0, failure))});
  const bool is_command =
      std::ranges::any_of(kCommands, [&](std::string_view command) { return has(line, command); });
  for (const Words& known : kOptions) {
    if (is_command && has_option(line, known.first)) notices.push_back({known.kind, words});
  }
  return notices;
}

std::optional<Notice> notice_of(const Vertex& vertex) {
  if (has(vertex.name, "booting buildkit")) return Notice{Notice::Kind::kNewBuilder, vertex.name};
  const std::string image(image_shown_by(vertex.name));
  if (vertex.error.empty()) {
    return vertex.ended && is_import(vertex.name)
               ? std::optional(Notice{Notice::Kind::kCacheImported, vertex.name.substr(0, kLongest), image})
               : std::nullopt;
  }
  const std::string words = (vertex.name + ": " + vertex.error).substr(0, kLongest);
  if (has(vertex.name, "importing cache")) return Notice{Notice::Kind::kCacheImport, words, image};
  if (has(vertex.name, "exporting cache")) return Notice{Notice::Kind::kCacheExport, words, image};
  return std::nullopt;
}

}  // namespace dcache::observe
