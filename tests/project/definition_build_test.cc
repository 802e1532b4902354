// Commands that build what bake and Compose files define.
#include "dcache/project/definition_build.h"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dcache/shell/script.h"
#include "dcache/text/arena.h"

namespace dcache::project {
namespace {

// The build as one line: "bake in .: files a.hcl; names app; set app.target=x".
std::string shown_build(const std::string& command) {
  text::Arena texts;
  std::vector<std::string> words;
  for (const shell::Command& one : shell::split(command, texts)) {
    for (const shell::Word& word : one.words)
      words.emplace_back(word.text);
  }
  const auto build = read_definition_command(words);
  if (!build) return "nothing";
  std::string text =
      fmt::format("{} in {}", build->kind == DefinitionKind::kBake ? "bake" : "compose", build->folder);
  if (build->project_folder) text += " project:" + *build->project_folder;
  if (build->project_name) text += " name:" + *build->project_name;
  for (const std::string& file : build->files)
    text += " file:" + file;
  for (const std::string& file : build->env_files)
    text += " env:" + file;
  for (const std::string& profile : build->profiles)
    text += " profile:" + profile;
  for (const std::string& name : build->names)
    text += " " + name;
  for (const Override& set : build->set)
    text += fmt::format(" {}.{}{}={}", set.target, set.attribute, set.append ? "+" : "", set.value);
  return text;
}

struct CommandCase {
  std::string command;
  std::string build;
};

TEST(DefinitionCommand, IsReadWithItsOptions) {
  const CommandCase cases[] = {
      {"docker buildx bake", "bake in ."},
      {"docker buildx bake app web", "bake in . app web"},
      {"docker-buildx bake -f a.hcl --file=b.json app", "bake in . file:a.hcl file:b.json app"},
      {"docker --context ci buildx --builder b bake --push --progress plain app", "bake in . app"},
      {"docker buildx bake --set '*.cache-to=type=gha' --set a.args.V+=1",
       "bake in . *.cache-to=type=gha a.args.V+=1"},
      {"docker buildx bake --no-cache", "bake in . *.no-cache=true"},
      {"docker buildx bake --no-cache=false", "bake in ."},
      {"docker buildx bake --print", "nothing"},
      {"docker buildx bake --list targets", "nothing"},
      {"docker buildx bake --call check", "nothing"},
      {"docker buildx build .", "nothing"},
      {"docker compose build", "compose in ."},
      {"docker-compose -f a.yaml -p x build --build-arg V=1 app",
       "compose in . name:x file:a.yaml app *.args.V=1"},
      {"docker compose --env-file a.env --env-file=b.env build", "compose in . env:b.env env:a.env"},
      {"docker compose --project-directory sub --profile ci build --no-cache",
       "compose in . project:sub profile:ci *.no-cache=true"},
      {"docker compose -f d/a.yaml --project-directory=. build", "compose in . project:. file:d/a.yaml"},
      {"docker compose up -d --build app", "compose in . app"},
      {"docker compose up -d app", "nothing"},
      {"docker compose run app build", "nothing"},
      {"docker compose --dry-run ps", "nothing"},
      {"echo docker compose build", "nothing"},
      {"docker", "nothing"},
      {"docker buildx bake -f", "bake in . file:"},
  };
  for (const CommandCase& one : cases)
    EXPECT_EQ(shown_build(one.command), one.build) << one.command;
}

}  // namespace
}  // namespace dcache::project
