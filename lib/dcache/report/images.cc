#include "dcache/report/images.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "dcache/project/file_kinds.h"
#include "dcache/report/table.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using project::Image;
using project::Origin;
using project::Target;

std::string place_words(const Origin& origin) {
  if (origin.kind == project::DefinitionKind::kDockerfile) return "not defined";
  return origin.line == 0 ? origin.path : fmt::format("{}:{}", origin.path, origin.line);
}

// "compose.yaml:4, .github/workflows/ci.yml:20"
std::string places_words(const Image& image) {
  std::vector<std::string> places;
  for (const Origin& origin : image.target.defined)
    places.push_back(place_words(origin));
  return fmt::format("{}", fmt::join(places, ", "));
}

void write_origin(const Origin& origin, text::JsonWriter& json) {
  json.begin_object()
      .member("path", origin.path)
      .member("line", origin.line)
      .member("kind", project::name_of(origin.kind))
      .end_object();
}

// As bake prints it, so that bake can read it again: what starts a template is doubled.
std::string escaped(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if ((text[i] == '$' || text[i] == '%') && text.substr(i + 1).starts_with('{')) result += text[i];
  }
  return result;
}

void write_pairs(std::string_view name, const Target::Pairs& pairs, text::JsonWriter& json) {
  json.key(name).begin_object();
  for (const auto& [key, value] : pairs)
    json.member(key, escaped(value));
  json.end_object();
}

void write_list(std::string_view name, const std::vector<std::string>& list, text::JsonWriter& json) {
  json.key(name).begin_array();
  for (const std::string& value : list)
    json.value(value);
  json.end_array();
}

void write_image(const Image& image, text::JsonWriter& json) {
  const Target& target = image.target;
  json.begin_object().member("name", target.name).member("dockerfile", target.dockerfile);
  if (target.dockerfile_inline) json.member("dockerfile_inline", escaped(*target.dockerfile_inline));
  json.member("context", target.context);
  if (!target.target.empty()) json.member("target", target.target);
  write_pairs("args", target.args, json);
  write_pairs("contexts", target.contexts, json);
  write_list("platforms", target.platforms, json);
  write_list("tags", target.tags, json);
  write_list("needs", target.needs, json);
  write_list("cache_from", target.cache_from, json);
  write_list("cache_to", target.cache_to, json);
  json.key("unknown").begin_array();
  for (const project::Unknown& unknown : target.unknown) {
    json.begin_object().member("attribute", unknown.attribute).member("reason", unknown.reason).end_object();
  }
  json.end_array();
  json.member("folder", target.folder);
  if (image.choice) json.member("context_from", project::context_words(image));
  json.key("defined");
  write_origin(image.origin(), json);
  json.key("also_defined").begin_array();
  for (const Origin& origin : target.defined | std::views::drop(1))
    write_origin(origin, json);
  json.end_array().end_object();
}

}  // namespace

void append_images(const project::Project& project, const Style& style, std::string& out) {
  if (project.images.empty()) {
    out += "No images are defined here, and there is no Dockerfile.\n";
  } else {
    Table table({"IMAGE", "DOCKERFILE", "CONTEXT", "TARGET", "NEEDS", "DEFINED IN"});
    for (const Image& image : project.images) {
      const Target& target = image.target;
      table.add(
          {target.name, image.build.dockerfile, image.remote.empty() ? image.build.context : target.context,
           image.build.plan.target, fmt::format("{}", fmt::join(target.needs, ", ")), places_words(image)},
          Tone::kBold);
    }
    table.append_to(out, style);
  }
  std::string notes;
  const auto note = [&](const std::string& text) { notes += printable(text) + "\n"; };
  for (const Image& image : project.images) {
    if (image.choice && image.choice->reason != project::ContextChoice::Reason::kOwnFolder)
      note(fmt::format("{}: context {}, {}", image.target.name, image.build.context,
                       project::context_words(image)));
    // Of many attributes one tells what kind they are.
    const auto& unknown = image.target.unknown;
    if (unknown.empty()) continue;
    const std::string more = unknown.size() == 1 ? ""
                                                 : fmt::format("; {} more {} not known", unknown.size() - 1,
                                                               unknown.size() == 2 ? "is" : "are");
    note(fmt::format("{}: {} {}{}", image.target.name, unknown[0].attribute, unknown[0].reason, more));
  }
  for (const project::Skipped& skipped : project.skipped)
    note(fmt::format("skipped: {} ({}, {})", skipped.name, skipped.reason, place_words(skipped.defined)));
  if (!notes.empty()) out += "\n" + notes;
}

void append_images_json(const project::Project& project, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).key("images").begin_array();
  for (const Image& image : project.images)
    write_image(image, json);
  json.end_array().key("groups").begin_array();
  for (const project::Group& group : project.groups) {
    json.begin_object().member("name", group.name);
    write_list("members", group.members, json);
    json.end_object();
  }
  json.end_array().key("skipped").begin_array();
  for (const project::Skipped& skipped : project.skipped) {
    json.begin_object().member("name", skipped.name).member("reason", skipped.reason).key("defined");
    write_origin(skipped.defined, json);
    json.end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report
