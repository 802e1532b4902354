#include "rules/started_containers.h"

#include <algorithm>
#include <utility>

#include "dcache/shell/script.h"
#include "dcache/text/unicode.h"

namespace dcache::rules {
namespace {

// All texts of a value, one after the other.
void append_texts(const project::yaml::Value& value, std::string& texts) {
  if (value.is_scalar()) texts.append(" ").append(project::yaml::printed(value));
  for (const project::yaml::Value& item : value.items)
    append_texts(item, texts);
  for (const project::yaml::Member& member : value.members)
    append_texts(member.value, texts);
}

bool is_by_tool(std::string_view words) {
  constexpr std::string_view kTools[] = {"air",       "dlv",     "reflex", "entr",
                                         "watchexec", "nodemon", "tail",   "sleep"};
  const auto has = [&](std::string_view tool) { return has_program(words, tool); };
  return words.find(".sh") != std::string::npos || text::trim(words).starts_with('$') ||
         std::ranges::any_of(shell::posix_shells(), has) || std::ranges::any_of(kTools, has) ||
         std::ranges::any_of(kStarters, has);
}

// The image that a map names for what it starts: `image` of Kubernetes and of CI, `container` of GitHub's
// jobs.
std::string image_of(const project::yaml::Value& map) {
  for (const std::string_view name : {"image", "container"}) {
    const project::yaml::Value* value = map.find(name);
    if (value != nullptr && value->is_map()) value = value->find(name == "image" ? "name" : "image");
    if (value != nullptr && value->is_scalar()) return value->text;
  }
  return {};
}

void add(const StartCommands& more, StartCommands& started) {
  started.words += more.words;
  started.by_tool = started.by_tool || more.by_tool;
}

void find_containers(const project::yaml::Value& value, std::vector<StartedContainer>& found) {
  constexpr std::string_view kCommands[] = {"command", "args",  "entrypoint", "script",       "before_script",
                                            "run",     "steps", "lifecycle",  "livenessProbe"};
  if (std::string image = value.is_map() ? image_of(value) : std::string(); !image.empty()) {
    StartCommands started = started_by(value, kCommands);
    // Jobs of GitLab's pipelines use the image of the top.
    if (value.find("script") == nullptr && value.find("command") == nullptr) {
      for (const project::yaml::Member& member : value.members) {
        if (member.value.is_map() && image_of(member.value).empty())
          add(started_by(member.value, kCommands), started);
      }
    }
    if (!started.words.empty()) found.push_back({std::move(image), std::move(started)});
  }
  for (const project::yaml::Value& item : value.items)
    find_containers(item, found);
  for (const project::yaml::Member& member : value.members)
    find_containers(member.value, found);
}

}  // namespace

bool has_program(std::string_view text, std::string_view program) {
  constexpr std::string_view kAround = " \t\n\r\"'`[](),;&|/=";
  for (size_t at = text.find(program); at != std::string_view::npos; at = text.find(program, at + 1)) {
    const size_t end = at + program.size();
    const bool starts = at == 0 || kAround.find(text[at - 1]) != std::string_view::npos;
    if (starts &&
        (end == text.size() || (kAround.find(text[end]) != std::string_view::npos && text[end] != '/')))
      return true;
  }
  return false;
}

StartCommands started_by(const project::yaml::Value& map, std::span<const std::string_view> members) {
  StartCommands started;
  for (const std::string_view name : members) {
    const project::yaml::Value* value = map.find(name);
    if (value == nullptr) continue;
    std::string words;
    append_texts(*value, words);
    started.by_tool = started.by_tool || is_by_tool(words);
    started.words += words;
  }
  return started;
}

std::vector<StartedContainer> containers_in(const project::yaml::Value& value) {
  std::vector<StartedContainer> found;
  find_containers(value, found);
  return found;
}

}  // namespace dcache::rules
