#include "dcache/project/cache_option.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "dcache/text/path.h"
#include "tests/run_program.h"

namespace dcache::project {
namespace {

using cache::CacheImport;
using Mode = CacheImport::Mode;

TEST(CacheOption, HasATypeAndAttributes) {
  const CacheOption gha = read_cache_option("type=gha,scope=api,mode=max");
  EXPECT_EQ(gha.type, "gha");
  EXPECT_EQ(gha.attribute("scope"), "api");
  EXPECT_EQ(gha.attribute("url"), "");
  EXPECT_TRUE(gha.is_mode_max());
  const CacheOption image = read_cache_option("ghcr.io/acme/api:cache");
  EXPECT_EQ(image.type, "registry");
  EXPECT_EQ(image.attribute("ref"), "ghcr.io/acme/api:cache");
  EXPECT_EQ(read_cache_option("type=local,\"dest=a,b\"").attribute("dest"), "a,b");
}

TEST(CacheOption, KnowsTheSamePlace) {
  const auto same = [](std::string_view a, std::string_view b) {
    return read_cache_option(a).is_same_place(read_cache_option(b));
  };
  EXPECT_TRUE(same("type=registry,ref=acme/api:cache,mode=max", "docker.io/acme/api:cache"));
  EXPECT_FALSE(same("type=registry,ref=acme/api:cache", "acme/api:other"));
  EXPECT_TRUE(same("type=gha,mode=max", "type=gha"));
  EXPECT_FALSE(same("type=gha,scope=a", "type=gha,scope=b"));
  EXPECT_TRUE(same("type=local,dest=/tmp/c,mode=max", "type=local,src=/tmp/c"));
  EXPECT_FALSE(same("type=s3,bucket=b,name=x,region=r", "type=s3,bucket=b,name=y,region=r"));
  EXPECT_FALSE(same("type=local,dest=/tmp/c", "type=gha"));
}

TEST(CacheOption, KnowsTheSamePlaceInOtherWords) {
  const auto same = [](std::string_view a, std::string_view b) {
    return read_cache_option(a).is_same_place(read_cache_option(b));
  };
  EXPECT_TRUE(same("acme/api", "type=registry,ref=index.docker.io/acme/api:latest"));
  EXPECT_TRUE(same("library/api", "docker.io/library/api:latest"));
  EXPECT_TRUE(same("type=gha", "type=gha,scope=buildkit"));
  EXPECT_TRUE(same("type=s3,bucket=b", "type=s3,bucket=b,name=buildkit,region=r"));
  EXPECT_TRUE(same("type=s3,bucket=b,name=v2;main", "type=s3,bucket=b,name=main"));
  EXPECT_FALSE(same("type=s3,bucket=b,region=q", "type=s3,bucket=b,region=r"));
  EXPECT_FALSE(same("type=s3,bucket=b,prefix=p/", "type=s3,bucket=b"));
  EXPECT_TRUE(same("type=azblob,account_url=u", "type=azblob,account_url=u,name=buildkit"));
  EXPECT_EQ(read_cache_option("index.docker.io/acme/api").place(), "registry acme/api:latest");
  EXPECT_EQ(read_cache_option("type=gha").place(), "gha buildkit");
  EXPECT_EQ(read_cache_option("type=local,dest=c").place(), "");
}

TEST(CacheOption, SaysWhatOnlyARunKnows) {
  EXPECT_EQ(stores_what_is_read("type=gha,mode=max", "type=gha"), Stored::kYes);
  EXPECT_EQ(stores_what_is_read("type=gha,mode=max", "type=gha,scope=x"), Stored::kNo);
  EXPECT_EQ(stores_what_is_read("${{ vars.CACHE }}", "type=gha"), Stored::kOnlyARunKnows);
  EXPECT_EQ(stores_what_is_read("type=gha", "$CACHE"), Stored::kOnlyARunKnows);
  EXPECT_EQ(stores_what_is_read("type=$T,scope=x", "type=gha"), Stored::kOnlyARunKnows);
  EXPECT_EQ(stores_what_is_read("${{ a && 'type=gha,mode=max' || '' }}", "type=gha"), Stored::kOnlyARunKnows);
  EXPECT_EQ(stores_what_is_read("${{ a && 'type=inline' || '' }}", "type=gha"), Stored::kNo);
  EXPECT_EQ(stores_what_is_read("type=registry,ref=a/b:$TAG", "a/b:cache"), Stored::kOnlyARunKnows);
  EXPECT_EQ(stores_what_is_read("type=registry,ref=a/b:$TAG", "type=gha"), Stored::kNo);
}

TEST(CacheImport, IsAModeOrAnOptionOfBuildx) {
  const struct {
    const char* text;
    CacheImport import;
    bool mode_is_assumed = false;
  } kCases[] = {
      {"none", {Mode::kNone, ""}},
      {"inline", {Mode::kInline, ""}},
      {"max:build", {Mode::kMax, "build"}},
      {"type=inline", {Mode::kInline, ""}},
      {"type=gha,mode=max", {Mode::kMax, ""}},
      {"type=registry,ref=acme/api:cache", {Mode::kMin, ""}, true},
      {"type=local,src=c,mode=min", {Mode::kMin, ""}},
      {"ghcr.io/acme/api", {Mode::kMin, ""}, true},
      {"127.0.0.1:5000/api:latest", {Mode::kMin, ""}, true},
  };
  for (const auto& [text, import, mode_is_assumed] : kCases) {
    const auto read = parse_cache_import(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->import, import) << text;
    EXPECT_EQ(read->mode_is_assumed, mode_is_assumed) << text;
  }
}

TEST(CacheImport, RefusesOtherTexts) {
  const struct {
    const char* text;
    const char* words;
  } kCases[] = {
      {"mxa", "'mxa' is not a kind of cache; did you mean 'min'?"},
      {"type=gha,mode=all", "mode=all is not a mode of a cache; write mode=min or mode=max"},
      {"max:", "'max:' is not a kind of cache; did you mean 'max'?"},
      {"define", "'define' is not a kind of cache; did you mean 'defined'?"},
      {"none:build", "'none:build' names a stage of no cache; write none, without a stage"},
      {"type=foo,mode=max",
       "type=foo is not a type of cache; write registry, gha, local, inline, s3 or azblob"},
      {"type=regstry,ref=x", "type=regstry is not a type of cache; did you mean 'registry'?"},
      {"type=gha,mode=max,mode=min", "'type=gha,mode=max,mode=min' has mode= twice; keep one of them"},
      {"max,mode=min",
       "'max' of the cache 'max,mode=min' is not KEY=VALUE; write type=TYPE,mode=MODE as for docker buildx "
       "build"},
      {"type=inline,mode=max", "an inline cache has no mode; remove mode="},
      {"type=gha,mode=", "mode= is not a mode of a cache; write mode=min or mode=max"},
  };
  for (const auto& [text, words] : kCases) {
    const auto read = parse_cache_import(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(text::words_of(read.error()), words) << text;
  }
  for (const char* text : {"", "api:latest", "a/b,c", "mode=max", "type=gha,\"x"})
    EXPECT_FALSE(parse_cache_import(text)) << text;
}

// Two images of one Dockerfile: the build stage, and the final image that imports both.
Project two_images(std::string cache_to_of_base, std::string cache_from) {
  Project project;
  for (const char* name : {"base", "app"}) {
    Image image;
    image.target.name = name;
    image.target.tags = {std::string("acme/") + name + ":latest"};
    image.build.dockerfile = "Dockerfile";
    image.build.context = ".";
    project.images.push_back(std::move(image));
  }
  project.images[0].build.plan.target = "base";
  project.images[0].target.cache_to = {std::move(cache_to_of_base)};
  project.images[1].target.cache_from = {std::move(cache_from)};
  return project;
}

TEST(DefinedImports, AreWhatImagesOfTheSameDockerfileExport) {
  const struct {
    const char *to, *from;
    CacheImport import;
  } kCases[] = {
      {"type=gha,scope=base,mode=max", "type=gha,scope=base", {Mode::kMax, "base"}},
      {"type=registry,ref=acme/cache", "type=registry,ref=acme/cache", {Mode::kMin, "base"}},
      {"type=inline", "acme/base", {Mode::kInline, "base"}},
      {"type=inline", "acme/other", {Mode::kNone, ""}},
      {"type=gha,scope=base", "type=gha,scope=app", {Mode::kNone, ""}},
  };
  for (const auto& [to, from, import] : kCases) {
    const Project project = two_images(to, from);
    const DefinedImports defined = defined_imports(project, project.images[1]);
    ASSERT_EQ(defined.imports.size(), 1U) << to;
    EXPECT_EQ(defined.imports.front(), import) << to << " " << from;
    EXPECT_EQ(defined.notes.empty(), import.mode != Mode::kNone) << to << " " << from;
  }
}

// "local from b; compose.yaml:4 imports …": what the first image of a repository imports.
std::string imported(const std::vector<std::pair<std::string, std::string>>& files) {
  const test::TemporaryFolder folder;
  folder.write("Dockerfile", "FROM x\n");
  for (const auto& [path, text] : files)
    folder.write(path, text);
  const Project project = read_project(folder.path(), {});
  const Image& image = project.images.front();
  std::string text = fmt::format("{}", fmt::join(image.target.cache_from, " "));
  for (const Origin& origin : image.target.other_imports)
    text += fmt::format("; {}:{}", text::base_name(origin.path), origin.line);
  return text;
}

TEST(DefinedImports, AreThoseOfOneDefinition) {
  const std::pair<std::string, std::string> compose = {
      "compose.yaml", "services:\n  app:\n    build:\n      context: .\n      cache_from: [acme/a]\n"};
  const std::pair<std::string, std::string> bake = {"docker-bake.json",
                                                    R"({"target": {"app": {"cache-from": ["acme/b"]}}})"};
  const std::pair<std::string, std::string> workflow = {
      ".github/workflows/ci.yml",
      "on: push\njobs:\n  b:\n    runs-on: x\n    steps:\n      - uses: docker/build-push-action@v6\n        "
      "with: {context: ., cache-from: 'type=gha'}\n"};
  EXPECT_EQ(imported({compose}), "type=registry,ref=acme/a");
  EXPECT_EQ(imported({compose, bake}), "type=registry,ref=acme/a; docker-bake.json:1");
  EXPECT_EQ(imported({compose, workflow}), "type=gha; compose.yaml:2");
  EXPECT_EQ(imported({bake, {"compose.yaml", "services: {app: {build: .}}\n"}}), "type=registry,ref=acme/b");
}

}  // namespace
}  // namespace dcache::project
