// Imports and exports of cache as docker buildx build takes them: --cache-from and --cache-to.
//
// Source: https://docs.docker.com/build/cache/backends/
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "dcache/cache/build.h"
#include "dcache/cache/cache_import.h"
#include "dcache/project/images.h"
#include "dcache/text/failure.h"

namespace dcache::project {

// "type=gha,scope=api". A text without any "=" is the reference of an image: the type "registry" with "ref".
struct CacheOption {
  std::string type;
  std::map<std::string, std::string, std::less<>> attributes = {};  // without the type

  // The value of an attribute; empty for none.
  std::string_view attribute(std::string_view name) const;
  // Whether a builder that imports one of them gets what another exported to the other: the same type and
  // place.
  bool is_same_place(const CacheOption& other) const;
  // The same for both in words: "registry acme/app:cache", "gha buildkit". Empty if it is not told.
  std::string place() const;
  bool is_mode_max() const { return attribute("mode") == "max"; }
};
// A text with quotes that don't match has no type.
CacheOption read_cache_option(std::string_view text);

// Whether an export stores what an import reads, both as definitions give them. An expression, or a variable
// in one of them, may be anything: of `cache-to: ${{ vars.CACHE }}` only a run knows what it stores. Rules
// then report nothing; `explain --cache-from defined` then assumes that nothing is stored, since that
// rebuilds most, and says so. Where the expression has the texts in quotes, these are what it may be.
enum class Stored : uint8_t { kNo, kOnlyARunKnows, kYes };
Stored stores_what_is_read(std::string_view cache_to, std::string_view cache_from);

// As a text among imports: what the definition of each image imports.
inline constexpr std::string_view kDefinedImports = "defined";

// What a worker that starts empty imports, as somebody says it.
struct GivenImport {
  cache::CacheImport import;
  bool mode_is_assumed = false;  // an option of docker buildx build without a mode: min, the default
};
// A value of `--cache-from` other than `defined`: MODE or MODE:STAGE, where MODE is none, inline, min or max;
// or an option of docker buildx build, where the type inline is inline and any other has its mode; or the
// reference of an image, with a slash. Fails for other texts, unknown types, and attributes that are given
// twice.
tl::expected<GivenImport, text::Failure> parse_cache_import(std::string_view text);

// What the definition of an image imports, as far as the repository says what is exported there.
struct DefinedImports {
  std::vector<cache::CacheImport> imports;  // one at least
  // What is imported that nothing in the repository exports, or of which only a run knows it; or that nothing
  // is imported.
  std::vector<std::string> notes;
};
// A cache is what an image of the same Dockerfile and context exports to the same place (`cache_to`), or the
// inline cache in an image that is pushed with the reference (`tags`). What an expression may export counts.
DefinedImports defined_imports(const Project& project, const Image& image);

// What is to be said of imports that were set.
struct ImportNotes {
  std::vector<std::string> assumed;   // a mode that was assumed
  std::vector<std::string> warnings;  // what is imported of an image and nothing exports; or that nothing is
};
// Has the images with these indexes built on workers that start empty and import what `texts` say, in this
// order: values of `--cache-from`. Without any, nothing changes. Fails if a text can't be read.
tl::expected<ImportNotes, text::Failure> import_caches(Project& project, const std::vector<size_t>& indexes,
                                                       const std::vector<std::string>& texts);

// What is wrong with the imports of a build: a stage that the Dockerfile does not have.
std::optional<text::Failure> wrong_import(const cache::BuildOptions& build, const plan::Graph& graph);

}  // namespace dcache::project
