#include "dcache/report/images.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "dcache/project/file_kinds.h"
#include "dcache/project/unknown.h"
#include "dcache/report/table.h"
#include "dcache/text/json_writer.h"

namespace dcache::report {
namespace {

using project::Image;
using project::Origin;
using project::Target;

std::string origin_words(const Origin& origin) {
  if (origin.kind == project::DefinitionKind::kDockerfile) return "not defined";
  return origin.line == 0 ? origin.path : fmt::format("{}:{}", origin.path, origin.line);
}

bool is_same_place(const Origin& a, const Origin& b) {
  return a.kind == b.kind && a.path == b.path && a.line == b.line;
}

// Where an image is defined, each place once, and no file without a line that has a place with one.
std::vector<Origin> places_of(const Image& image) {
  std::vector<Origin> places;
  for (const Origin& origin : image.target.defined) {
    const auto says_as_much = [&](const Origin& other) {
      const bool has_line = origin.line == 0 && other.line != 0 && other.path == origin.path;
      return has_line && other.kind == origin.kind;
    };
    const auto is_same = [&](const Origin& other) { return is_same_place(other, origin); };
    if (std::ranges::none_of(places, is_same) && std::ranges::none_of(image.target.defined, says_as_much))
      places.push_back(origin);
  }
  return places;
}

// The first of several, and how many more there are.
std::string few_words(const std::vector<std::string>& all) {
  constexpr size_t kShown = 3;
  const std::string words = fmt::format("{}", fmt::join(all | std::views::take(kShown), ", "));
  return all.size() <= kShown ? words : fmt::format("{}, and {} more", words, all.size() - kShown);
}

// "compose.yaml:4, .github/workflows/ci.yml:20, and 3 more"
std::string places_words(const Image& image) {
  std::vector<std::string> places;
  for (const Origin& place : places_of(image))
    places.push_back(origin_words(place));
  return few_words(places);
}

// What is said below the table: each text once, with the images that it is about.
class Notes {
 public:
  void add(const std::string& image, std::string text) {
    const auto known = std::ranges::find(notes_, text, &Note::text);
    if (known == notes_.end()) {
      notes_.push_back({std::move(text), {image}});
    } else if (std::ranges::find(known->images, image) == known->images.end()) {
      known->images.push_back(image);
    }
  }

  void append_to(std::string& out) const {
    if (!notes_.empty()) out += '\n';
    for (const Note& note : notes_)
      out += printable(fmt::format("{}: {}", few_words(note.images), note.text)) + "\n";
  }

 private:
  struct Note {
    std::string text;
    std::vector<std::string> images;
  };
  std::vector<Note> notes_;
};

// What is not known of an image and may change its steps: the first one, and how many more there are.
std::string unknown_words(const Image& image) {
  const project::UnknownAttribute* first = nullptr;
  size_t more = 0;
  for (const project::UnknownAttribute& unknown : image.target.unknown) {
    if (!project::may_change_steps(unknown)) continue;
    if (first == nullptr) {
      first = &unknown;
    } else {
      ++more;
    }
  }
  if (first == nullptr) return {};
  const std::string words = project::words_of(*first);
  return more == 0 ? words : fmt::format("{}; {} more {} not known", words, more, more == 1 ? "is" : "are");
}

void write_place_members(const Origin& origin, text::JsonWriter& json) {
  json.member("path", origin.path).member("line", origin.line).member("kind", project::name_of(origin.kind));
}

void write_origin(const Origin& origin, text::JsonWriter& json) {
  json.begin_object();
  write_place_members(origin, json);
  json.end_object();
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

void write_project_image(const Image& image, text::JsonWriter& json) {
  const Target& target = image.target;
  json.begin_object().member("name", target.name).member("dockerfile", target.dockerfile);
  if (target.dockerfile_inline) json.member("dockerfile_inline", escaped(*target.dockerfile_inline));
  json.member("context", target.context);
  if (!target.target.empty()) json.member("target", target.target);
  write_pairs("args", target.args, json);
  write_pairs("contexts", target.contexts, json);
  write_list("platforms", target.platforms, json);
  if (!target.platform.empty()) json.member("platform", target.platform);
  write_list("tags", target.tags, json);
  write_pairs("labels", target.labels, json);
  write_list("annotations", target.annotations, json);
  write_list("needs", target.needs, json);
  write_list("cache_from", target.cache_from, json);
  write_list("cache_to", target.cache_to, json);
  json.key("unknown").begin_array();
  for (const project::UnknownAttribute& unknown : target.unknown) {
    json.begin_object().member("attribute", unknown.attribute).member("reason", unknown.reason).end_object();
  }
  json.end_array();
  json.member("folder", target.folder);
  if (target.builder) json.member("builder", plan::name_of(*target.builder));
  if (image.choice) json.member("context_from", project::context_words(image));
  json.key("defined");
  write_origin(image.origin(), json);
  json.key("also_defined").begin_array();
  for (const Origin& origin : places_of(image)) {
    if (is_same_place(origin, image.origin())) continue;
    json.begin_object();
    write_place_members(origin, json);
    if (!origin.name.empty()) json.member("name", origin.name);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace

void append_images(const project::Project& project, const Style& style, std::string& out) {
  if (project.images.empty()) {
    if (project.failures.empty()) out += "No images are defined here, and there is no Dockerfile.\n";
  } else {
    Table table({"IMAGE", "DOCKERFILE", "CONTEXT", "TARGET", "NEEDS", "DEFINED IN"});
    for (const Image& image : project.images) {
      const Target& target = image.target;
      table.add(
          {target.name, image.build.dockerfile, image.remote.empty() ? image.build.context : target.context,
           image.build.plan.target, few_words(target.needs), places_words(image)},
          Tone::kBold);
    }
    table.append_to(out, style);
  }
  Notes notes;
  for (const Image& image : project.images) {
    if (image.choice && project::is_certain(*image.choice))
      notes.add(image.target.name,
                "no definition sets the context: dcache assumes the folder of the Dockerfile");
    else if (image.choice && !image.choice->may_be_above.empty())
      notes.add(
          image.target.name,
          fmt::format(
              "no definition sets the context: dcache assumes {}, the folder of the Dockerfile, but nothing "
              "tells whether it is a folder above; set it in [[images]] of .dcache.toml",
              image.build.context));
    else if (image.choice)
      notes.add(image.target.name, fmt::format("no definition sets the context: dcache assumes {}, {}",
                                               image.build.context, project::context_words(image)));
    if (image.remote.empty() && image.build.context == cache::kNoContext)
      notes.add(image.target.name, "has no context: standard input is its Dockerfile");
    if (std::string unknown = unknown_words(image); !unknown.empty())
      notes.add(image.target.name, std::move(unknown));
  }
  for (const project::SkippedBuild& skipped : project.skipped)
    notes.add("skipped",
              fmt::format("{} ({}, {})", skipped.name, skipped.reason, origin_words(skipped.defined)));
  notes.append_to(out);
}

void append_images_json(const project::Project& project, std::string& out) {
  text::JsonWriter json(out);
  json.begin_object().member("version", 1).key("images").begin_array();
  for (const Image& image : project.images)
    write_project_image(image, json);
  json.end_array().key("groups").begin_array();
  for (const project::Group& group : project.groups) {
    json.begin_object().member("name", group.name);
    write_list("members", group.members, json);
    json.end_object();
  }
  json.end_array().key("skipped").begin_array();
  for (const project::SkippedBuild& skipped : project.skipped) {
    json.begin_object().member("name", skipped.name).member("reason", skipped.reason).key("defined");
    write_origin(skipped.defined, json);
    json.end_object();
  }
  json.end_array().end_object();
  out += '\n';
}

}  // namespace dcache::report
