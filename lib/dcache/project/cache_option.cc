#include "dcache/project/cache_option.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "dcache/plan/image.h"
#include "dcache/project/hcl/csv.h"
#include "dcache/project/hcl/error.h"
#include "dcache/text/suggest.h"

namespace dcache::project {
namespace {

using cache::CacheImport;
using Mode = CacheImport::Mode;

constexpr std::array<std::pair<std::string_view, Mode>, 4> kModes = {
    {{"none", Mode::kNone}, {"inline", Mode::kInline}, {"min", Mode::kMin}, {"max", Mode::kMax}}};
constexpr std::array<std::string_view, 4> kModeNames = {"none", "inline", "min", "max"};

// The attributes that say where a cache is, by type; those of other types all count.
struct Place {
  std::string_view type;
  std::array<std::string_view, 3> attributes;
};
constexpr std::array<Place, 4> kPlaces = {{{"registry", {"ref"}},
                                           {"gha", {"scope"}},
                                           {"s3", {"bucket", "name", "prefix"}},
                                           {"azblob", {"account_url", "name", "prefix"}}}};

std::optional<Mode> mode_named(std::string_view name) {
  const auto found = std::ranges::find(kModes, name, [](const auto& mode) { return mode.first; });
  return found == kModes.end() ? std::nullopt : std::optional(found->second);
}

// Empty for a text that is not a list.
std::vector<std::string> fields_of(std::string_view text) {
  try {
    return hcl::read_csv_fields(text);
  } catch (const hcl::Error&) {
    return {};
  }
}

// A local cache is read from `src` and written to `dest`.
std::string_view local_folder(const CacheOption& option) {
  const std::string_view source = option.attribute("src");
  return source.empty() ? option.attribute("dest") : source;
}

bool builds_same_files(const Image& a, const Image& b) {
  return a.build.dockerfile == b.build.dockerfile && a.build.dockerfile_text == b.build.dockerfile_text &&
         a.build.context == b.build.context && a.build.plan.build_args == b.build.plan.build_args;
}

CacheImport import_of(Mode mode, const Image& exporter, const Image& importer) {
  const std::string& stage = exporter.build.plan.target;
  return {.mode = mode, .stage = stage == importer.build.plan.target ? "" : stage};
}

bool is_pushed_as(const Image& image, std::string_view reference) {
  return std::ranges::any_of(image.target.tags, [&](const std::string& tag) {
    return plan::normal_reference(tag) == plan::normal_reference(reference);
  });
}

// What one image exports to where `source` imports from.
std::optional<CacheImport> exported_by(const Image& exporter, const CacheOption& source,
                                       const Image& importer) {
  bool exports_inline = exporter.build.plan.build_args.contains("BUILDKIT_INLINE_CACHE");
  for (const std::string& text : exporter.target.cache_to) {
    const CacheOption to = read_cache_option(text);
    if (to.type == "inline") exports_inline = true;
    if (to.type != "inline" && to.is_same_place(source))
      return import_of(to.is_mode_max() ? Mode::kMax : Mode::kMin, exporter, importer);
  }
  const bool is_its_image = source.type == "registry" && is_pushed_as(exporter, source.attribute("ref"));
  if (!exports_inline || !is_its_image) return std::nullopt;
  return import_of(Mode::kInline, exporter, importer);
}

}  // namespace

std::string_view CacheOption::attribute(std::string_view name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string_view() : std::string_view(found->second);
}

bool CacheOption::is_same_place(const CacheOption& other) const {
  if (type != other.type) return false;
  if (type == "local") return local_folder(*this) == local_folder(other);
  if (type == "registry")
    return plan::normal_reference(attribute("ref")) == plan::normal_reference(other.attribute("ref"));
  const auto place = std::ranges::find(kPlaces, type, &Place::type);
  if (place == kPlaces.end()) return attributes == other.attributes;
  return std::ranges::all_of(place->attributes, [&](std::string_view name) {
    return name.empty() || attribute(name) == other.attribute(name);
  });
}

CacheOption read_cache_option(std::string_view text) {
  CacheOption option;
  for (const std::string& field : fields_of(text)) {
    const size_t equals = field.find('=');
    if (equals == std::string::npos) return {.type = "registry", .attributes = {{"ref", std::string(text)}}};
    if (field.substr(0, equals) == "type") {
      option.type = field.substr(equals + 1);
    } else {
      option.attributes.insert_or_assign(field.substr(0, equals), field.substr(equals + 1));
    }
  }
  return option;
}

tl::expected<CacheImport, text::Failure> parse_cache_import(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  if (const auto mode = mode_named(name)) {
    const std::string_view stage = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    if (colon == std::string_view::npos || !stage.empty())
      return CacheImport{.mode = *mode, .stage = std::string(stage)};
  }
  const CacheOption option = read_cache_option(text);
  const bool is_option = text.find('=') != std::string_view::npos && !option.type.empty();
  if (!is_option)
    return tl::unexpected(text::Failure{
        .path = {},
        .message = fmt::format("'{}' is not a kind of cache", text),
        .remedy = text::did_you_mean(name, kModeNames,
                                     "write none, inline, min or max, with :STAGE for the cache of another "
                                     "stage, or type=TYPE,mode=MODE as for docker buildx build")});
  if (option.type == "inline") return CacheImport{.mode = Mode::kInline};
  const std::string_view written = option.attribute("mode");
  if (!written.empty() && written != "min" && written != "max")
    return tl::unexpected(text::Failure{.path = {},
                                        .message = fmt::format("mode={} is not a mode of a cache", written),
                                        .remedy = "write mode=min or mode=max"});
  return CacheImport{.mode = option.is_mode_max() ? Mode::kMax : Mode::kMin};
}

DefinedImports defined_imports(const Project& project, const Image& image) {
  DefinedImports result;
  if (image.target.cache_from.empty()) result.notes.emplace_back("its definition imports no cache");
  for (const std::string& text : image.target.cache_from) {
    const CacheOption source = read_cache_option(text);
    bool is_exported = false;
    for (const Image& other : project.images) {
      if (!builds_same_files(other, image)) continue;
      const auto import = exported_by(other, source, image);
      if (!import) continue;
      is_exported = true;
      if (std::ranges::find(result.imports, *import) == result.imports.end())
        result.imports.push_back(*import);
    }
    if (!is_exported)
      result.notes.push_back(fmt::format("{} is imported, but no build of this repository exports it", text));
  }
  if (result.imports.empty()) result.imports.push_back({.mode = Mode::kNone});
  return result;
}

}  // namespace dcache::project
