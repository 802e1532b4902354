// Bake files: how their blocks become targets. What is expected was compared with `docker buildx bake
// --print`.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dcache/context/file_system.h"
#include "dcache/project/readers.h"
#include "tests/project/long_text.h"

namespace dcache::project {
namespace {

using Texts = std::vector<std::string>;

Definitions read_files(const std::map<std::string, std::string>& texts, ReadOptions options = {}) {
  auto files = std::make_shared<context::MemoryFiles>();
  Texts paths;
  for (const auto& [path, text] : texts) {
    files->write(path, text);
    paths.push_back(path);
  }
  options.files = files;
  return read_bake(paths, ".", options);
}

Definitions read_bake_text(const std::string& text, const ReadOptions& options = {}) {
  return read_files({{"docker-bake.hcl", text}}, options);
}

Definitions read_with(const std::string& text, const std::map<std::string, std::string>& environment) {
  ReadOptions options;
  options.environment.insert(environment.begin(), environment.end());
  return read_bake_text(text, options);
}

const Target& target(const Definitions& definitions, std::string_view name) {
  static const Target kNone;
  const auto found = std::ranges::find(definitions.targets, name, &Target::name);
  EXPECT_NE(found, definitions.targets.end()) << name;
  return found == definitions.targets.end() ? kNone : *found;
}

Texts names(const Definitions& definitions) {
  Texts names;
  for (const Target& one : definitions.targets)
    names.push_back(one.name);
  return names;
}

std::string first_failure(const Definitions& definitions) {
  return definitions.failures.empty() ? "" : text::words_of(definitions.failures[0]);
}

TEST(BakeVariable, WithoutAValueMakesArgumentsUnknown) {
  const std::string text = R"(
variable "TAG" {}
variable "SET" { default = "" }
variable "OTHER" { default = "${TAG}-x" }
variable "TYPED" { type = string }
function "with_tag" {
  params = [a]
  result = "${a}:${TAG}"
}
target "base" { args = { A = TAG, B = SET } }
target "app" {
  inherits = ["base"]
  args = { "C" = OTHER, D = with_tag("y"), E = TYPED, F = "f", TAG = "t" }
}
target "given" {
  inherits = ["base"]
  args = { A = "1" }
}
target "matrix" {
  name = "m-${item}"
  matrix = { item = ["a"] }
  args = { M = item }
}
)";
  const auto unknown = [](const Definitions& read, const char* name) {
    Texts words;
    for (const UnknownAttribute& one : target(read, name).unknown)
      words.push_back(one.attribute + (one.varies ? " " : " not ") + one.reason);
    return words;
  };
  const Definitions read = read_bake_text(text);
  EXPECT_EQ(unknown(read, "base"), Texts{"args.A uses TAG, which is not set"});
  EXPECT_EQ(unknown(read, "app"),
            (Texts{"args.A uses TAG, which is not set", "args.C uses TAG, which is not set",
                   "args.D uses TAG, which is not set", "args.E uses TYPED, which is not set"}));
  EXPECT_EQ(target(read, "app").args.at("C"), "-x");
  EXPECT_TRUE(unknown(read, "given").empty());
  EXPECT_TRUE(unknown(read, "m-a").empty());
  EXPECT_TRUE(unknown(read_with(text, {{"TAG", "1"}, {"TYPED", "2"}}), "app").empty());
  ReadOptions options;
  options.set = {{"base", "args.A", "9"}};
  EXPECT_TRUE(unknown(read_bake_text(text, options), "base").empty());
}

TEST(BakeVariable, TakesItsValueFromTheEnvironment) {
  const std::string text = R"(
variable "TAG" { default = "latest" }
variable "COUNT" { default = 1 }
variable "DEBUG" { default = false }
variable "LIST" {
  type = list(string)
  default = ["a"]
}
target "default" {
  tags = concat(["app:${TAG}"], LIST)
  args = { COUNT = COUNT + 1, DEBUG = DEBUG ? "yes" : "no" }
}
)";
  const Definitions plain = read_bake_text(text);
  EXPECT_EQ(target(plain, "default").tags, (Texts{"app:latest", "a"}));
  EXPECT_EQ(target(plain, "default").args.at("COUNT"), "2");
  const Definitions set =
      read_with(text, {{"TAG", "v1"}, {"COUNT", "2.5"}, {"DEBUG", "T"}, {"LIST", R"(x,"y,z")"}});
  EXPECT_EQ(target(set, "default").tags, (Texts{"app:v1", "x", "y,z"}));
  EXPECT_EQ(target(set, "default").args.at("COUNT"), "3.5");
  EXPECT_EQ(target(set, "default").args.at("DEBUG"), "yes");
  EXPECT_EQ(target(read_with(text, {{"LIST_JSON", R"(["q"])"}}), "default").tags, (Texts{"app:latest", "q"}));
}

TEST(BakeTarget, InheritsAttributeByAttribute) {
  const Definitions definitions = read_bake_text(R"(
target "_base" {
  args = { A = "1", B = "1", C = null }
  tags = ["base"]
  cache-from = ["type=gha"]
  contexts = { x = "./x", y = "./y" }
  platforms = ["linux/amd64"]
}
target "app" {
  inherits = ["_base"]
  args = { B = "2" }
  tags = ["app"]
  cache-from = ["user/app:cache"]
  contexts = { x = "" }
}
)");
  EXPECT_EQ(first_failure(definitions), "");
  EXPECT_EQ(names(definitions), Texts{"app"});
  const Target& app = target(definitions, "app");
  EXPECT_EQ(app.args, (Target::Pairs{{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(app.tags, Texts{"app"});
  EXPECT_EQ(app.cache_from, (Texts{"type=gha", "type=registry,ref=user/app:cache"}));
  EXPECT_EQ(app.contexts, (Target::Pairs{{"y", "./y"}}));
  EXPECT_EQ(app.platforms, Texts{"linux/amd64"});
}

TEST(BakeTarget, AddsItsSecretsToThoseItInherits) {
  std::string text =
      "target \"t0\" {\n  secret = [\"id=a,src=a.txt\", \"id=${timestamp()}\"]\n  ssh = [\"default\"]\n}\n";
  // Each target inherits the one before twice.
  for (int i = 1; i < 40; ++i) {
    const std::string before = "\"t" + std::to_string(i - 1) + "\"";
    text += "target \"t" + std::to_string(i) + "\" {\n  inherits = [" + before + ", " + before + "]\n}\n";
  }
  text +=
      "target \"last\" {\n  inherits = [\"t39\"]\n  secret = [{ id = \"b\", env = \"B\" }]\n  pull = "
      "true\n}\n";
  const Definitions defined = read_bake_text(text);
  const Target& last = target(defined, "last");
  EXPECT_EQ(last.secrets, (Texts{"id=a,src=a.txt", "env=B,id=b"}));
  EXPECT_EQ(last.ssh, Texts{"default"});
  EXPECT_EQ(last.other_inputs, Texts{"secrets"});
  EXPECT_TRUE(last.pull);
}

TEST(BakeTarget, HasLabelsAndAnnotations) {
  const Definitions found = read_bake_text(R"(
target "base" {
  labels = { team = "core", made = timestamp() }
  annotations = ["a=1"]
}
target "app" {
  inherits = ["base"]
  labels = { app = "x" }
  annotations = ["b=2"]
}
)");
  EXPECT_EQ(target(found, "app").labels, (Target::Pairs{{"app", "x"}, {"team", "core"}}));
  EXPECT_EQ(target(found, "app").annotations, (Texts{"a=1", "b=2"}));
  EXPECT_EQ(target(found, "app").unknown, (std::vector<UnknownAttribute>{{"labels", "uses timestamp()"}}));
}

TEST(BakeTarget, IsManyWithAMatrix) {
  const Definitions definitions = read_bake_text(R"(
target "app" {
  name = "app-${item.name}-${replace(version, ".", "_")}"
  matrix = { item = [{ name = "a" }, { name = "b" }], version = ["1.0", "2.0"] }
  args = { VERSION = version }
}
)");
  EXPECT_EQ(names(definitions), (Texts{"app-a-1_0", "app-b-1_0", "app-a-2_0", "app-b-2_0"}));
  ASSERT_EQ(definitions.groups.size(), 1U);
  EXPECT_EQ(definitions.groups[0].name, "app");
  EXPECT_EQ(definitions.groups[0].members.size(), 4U);
}

TEST(BakeTarget, ReadsTheResultsOfOthers) {
  const Definitions definitions = read_bake_text(R"(
target "_base" {}
target "app" { contexts = { base = "target:_base", image = "docker-image://alpine" } }
)");
  EXPECT_EQ(target(definitions, "app").needs, Texts{"_base"});
  EXPECT_EQ(names(definitions), (Texts{"_base", "app"}));
}

TEST(BakeTarget, RefersToOthers) {
  const Definitions definitions = read_bake_text(R"(
V = target.a.context
target "a" {
  context = "./dir/../web/"
  args = { X = "1" }
  cache-from = ["type=gha,scope=s"]
}
target "b" {
  args = { Y = "${target.a.args.X}2", V = V }
  cache-from = target.a.cache-from
}
)");
  EXPECT_EQ(target(definitions, "a").context, "web");
  EXPECT_EQ(target(definitions, "b").args, (Target::Pairs{{"V", "./dir/../web/"}, {"Y", "12"}}));
  EXPECT_EQ(target(definitions, "b").cache_from, Texts{"type=gha,scope=s"});
}

TEST(BakeTarget, SaysWhatIsNotKnownOfIt) {
  const Definitions definitions = read_bake_text(R"(
variable "NOW" { default = timestamp() }
target "app" {
  args = { DATE = NOW, X = "x" }
  tags = ["app:latest", "app:${formatdate("YYYYMMDD", NOW)}"]
}
)");
  const Target& app = target(definitions, "app");
  EXPECT_EQ(app.args, (Target::Pairs{{"X", "x"}}));
  EXPECT_EQ(app.tags, Texts{"app:latest"});
  EXPECT_EQ(app.unknown,
            (std::vector<UnknownAttribute>{{"args.DATE", "uses timestamp()"}, {"tags", "uses timestamp()"}}));
}

TEST(BakeTarget, HasOptionsOfItsRuns) {
  const Definitions definitions = read_bake_text(R"(
target "app" {
  network = "host"
  shm-size = "128m"
  ulimits = ["nofile=1024:1024"]
  extra-hosts = { db = "10.0.0.1" }
  no-cache = true
  no-cache-filter = ["a", "a", ""]
  dockerfile-inline = <<-EOT
    FROM alpine
      RUN $${X}
  EOT
}
)");
  const Target& app = target(definitions, "app");
  EXPECT_EQ(app.run.network, "host");
  EXPECT_EQ(app.run.shm_size, "128m");
  EXPECT_EQ(app.run.ulimits, Texts{"nofile=1024:1024"});
  EXPECT_EQ(app.run.add_hosts, Texts{"db=10.0.0.1"});
  EXPECT_TRUE(app.no_cache);
  EXPECT_EQ(app.no_cache_filter, Texts{"a"});
  EXPECT_EQ(app.dockerfile_inline, "FROM alpine\n  RUN ${X}\n");
}

TEST(BakeFiles, AreMergedInTheirOrder) {
  const Definitions definitions = read_files({
      {"1.hcl", R"(
variable "V" { default = "1" }
target "app" {
  args = { V = V }
  tags = ["a"]
}
)"},
      {"2.json",
       R"({"variable": {"V": {"default": "2"}}, "target": {"app": {"args": {"W": "${V}w"}, "tags": ["b"]}}})"},
  });
  EXPECT_EQ(first_failure(definitions), "");
  const Target& app = target(definitions, "app");
  EXPECT_EQ(app.args, (Target::Pairs{{"V", "2"}, {"W", "2w"}}));
  EXPECT_EQ(app.tags, Texts{"b"});
  ASSERT_EQ(app.defined.size(), 2U);
  EXPECT_EQ(app.defined[1].path, "2.json");
}

TEST(BakeOptions, OverrideAttributes) {
  ReadOptions options;
  options.set = {
      {"a", "args.A", "9", false},    {"*", "args.B", "8", false},   {"a", "tags", "x", false},
      {"a", "tags", "y", false},      {"b", "tags", "z", true},      {"a*", "platform", "linux/arm64", false},
      {"b", "cache-from", "r", true}, {"a", "no-cache", "1", false}, {"b", "context", "dir/", false}};
  const Definitions definitions = read_bake_text(R"(
target "a" { args = { A = 1 } }
target "b" {
  tags = ["t"]
  cache-from = ["type=gha"]
}
)",
                                                 options);
  EXPECT_EQ(first_failure(definitions), "");
  EXPECT_EQ(target(definitions, "a").args, (Target::Pairs{{"A", "9"}, {"B", "8"}}));
  EXPECT_EQ(target(definitions, "a").tags, (Texts{"x", "y"}));
  EXPECT_EQ(target(definitions, "a").platforms, Texts{"linux/arm64"});
  EXPECT_TRUE(target(definitions, "a").no_cache);
  EXPECT_EQ(target(definitions, "b").tags, (Texts{"t", "z"}));
  EXPECT_EQ(target(definitions, "b").cache_from, (Texts{"type=gha", "type=registry,ref=r"}));
  EXPECT_EQ(target(definitions, "b").context, "dir");
}

TEST(BakeOptions, AreRefusedAsBakeDoes) {
  for (const auto& [attribute, value] : std::map<std::string, std::string>{{"pull", "x"},
                                                                           {"push", ""},
                                                                           {"load", "yes"},
                                                                           {"secrets", "id"},
                                                                           {"attest", "x"},
                                                                           {"output", "type=local"},
                                                                           {"annotations", "x"},
                                                                           {"shm-size", "x"},
                                                                           {"platform.x", "y"}}) {
    ReadOptions options;
    options.set = {{"a", attribute, value, false}};
    EXPECT_NE(first_failure(read_bake_text("target \"a\" {}\n", options)), "") << attribute;
  }
}

TEST(BakeGroup, MayHaveNoTargets) {
  const Definitions definitions = read_bake_text("group \"g\" { targets = null }\ntarget \"a\" {}\n");
  EXPECT_EQ(first_failure(definitions), "");
  EXPECT_EQ(names(definitions), Texts{"a"});
}

TEST(BakeTarget, TakesAllFormsOfEntries) {
  const Definitions definitions = read_bake_text(R"(
target "a" {
  output = ["out", "type=image,push=true", { type = "local", dest = "x" }, "-", ""]
  secret = ["id=a,env=A", "type=env,id=B", { id = "c", env = "C", other = [1] }]
  ssh = ["default", "k=a,b", { id = "k", paths = ["x"] }]
  attest = ["type=sbom,generator=x", { type = "provenance", disabled = true }]
  annotations = ["a=b", "index,manifest[linux/amd64]:c=d"]
  ulimits = ["nofile=1:2", "core=-1", "nproc=5:-1"]
  platforms = ["linux/amd64,linux/arm64", "local", "$${{ matrix.platform }}"]
  shm-size = "1.5g"
}
)");
  EXPECT_EQ(first_failure(definitions), "");
}

struct BadFile {
  const char* text;
  const char* failure;  // its start
};

TEST(BakeFailure, IsOnePlaceAndLeavesTheOtherTargets) {
  const std::vector<BadFile> files = {
      {"target \"bad\" {\n  args = { X = nope }\n}\n", "docker-bake.hcl:2:16: there is no variable \"nope\""},
      {"target \"bad\" {\n  context = \n}\n", "docker-bake.hcl:2:13: a value is expected"},
      {"target \"bad\" {\n  tags = \"x\"\n}\n", "docker-bake.hcl:2:10: \"tags\" does not fit"},
      {"target \"bad\" {\n  cache-from = [\"scope=x\"]\n}\n",
       "docker-bake.hcl:2:16: \"cache-from\" does not fit"},
      {"target \"b.d\" {}\n", "docker-bake.hcl:1:8: \"b.d\" can't be the name of a target"},
      {"target \"bad\" {\n  inherits = [\"nope\"]\n}\n",
       "docker-bake.hcl:1:1: \"bad\" inherits from \"nope\""},
      {"target \"bad\" {\n  contexts = { x = \"target:bad\" }\n}\n",
       "docker-bake.hcl:1:1: \"bad\" needs its own result"},
      {"target \"bad\" {\n  contexts = { x = \"target:no\" }\n}\n",
       "docker-bake.hcl:1:1: \"bad\" needs the target \"no\""},
      {"target \"bad\" {\n  args = { X = target.bad.args.X }\n}\n",
       "docker-bake.hcl:2:10: target.bad.args depends on itself"},
      {"target \"bad\" {\n  matrix = { v = [1, 2] }\n}\n", "docker-bake.hcl:1:8: two targets of the matrix"},
      {"target \"bad\" {\n  platforms = [\"linux//x\"]\n}\n",
       "docker-bake.hcl:1:1: \"linux//x\" is not a platform"},
      {"target \"bad\" {\n  platforms = [\"linuxx\"]\n}\n",
       "docker-bake.hcl:1:1: \"linuxx\" is not a platform"},
      {"target \"bad\" {\n  annotations = [\"x:a=b\"]\n}\n",
       "docker-bake.hcl:1:1: 'x' is not what an annotation is for"},
      {"target \"bad\" {\n  annotations = [\"manifest[a b]:a=b\"]\n}\n",
       "docker-bake.hcl:1:1: \"a b\" is not a platform"},
      {"target \"bad\" {\n  annotations = [\"a\"]\n}\n",
       "docker-bake.hcl:1:1: the annotation 'a' has no value"},
      {"target \"bad\" {\n  ulimits = [\"nofile\"]\n}\n",
       "docker-bake.hcl:1:1: the limit 'nofile' has no value; write one such as nofile=1024:2048"},
      {"target \"bad\" {\n  ulimits = [\"as=1\"]\n}\n", "docker-bake.hcl:1:1: there is no limit 'as'"},
      {"target \"bad\" {\n  ulimits = [\"nofile=1:2:3\"]\n}\n",
       "docker-bake.hcl:1:1: 'nofile=1:2:3' is not NAME=NUMBER or NAME=SOFT:HARD"},
      {"target \"bad\" {\n  ulimits = [\"nofile=-1:2\"]\n}\n",
       "docker-bake.hcl:1:1: the soft limit of 'nofile=-1:2' is more than the hard one"},
      {"target \"bad\" {\n  shm-size = \"1x\"\n}\n", "docker-bake.hcl:1:1: \"1x\" is not a size"},
      {"target \"bad\" {\n  output = [{ dest = \"out\" }]\n}\n",
       "docker-bake.hcl:2:12: \"output\" does not fit: an output needs a type"},
      {"target \"bad\" {\n  output = [\"type=local\"]\n}\n",
       "docker-bake.hcl:2:12: \"output\" does not fit: a local output needs dest="},
      {"target \"bad\" {\n  output = [\"type=image,push\"]\n}\n",
       "docker-bake.hcl:2:12: \"output\" does not fit: \"push\" is not NAME=VALUE"},
      {"target \"bad\" {\n  output = [null]\n}\n",
       "docker-bake.hcl:2:12: \"output\" does not fit: an element of the list is null"},
      {"target \"bad\" {\n  secret = [\"id=a,foo=b\"]\n}\n",
       "docker-bake.hcl:2:12: \"secret\" does not fit: a secret has no \"foo\""},
      {"target \"bad\" {\n  secret = [\"type=x,id=a\"]\n}\n",
       "docker-bake.hcl:2:12: \"secret\" does not fit: \"x\" is not a type of secrets"},
      {"target \"bad\" {\n  secret = [{ env = \"A\" }]\n}\n",
       "docker-bake.hcl:2:12: \"secret\" does not fit: a secret needs an id"},
      {"target \"bad\" {\n  secret = [1]\n}\n",
       "docker-bake.hcl:2:12: \"secret\" does not fit: an element is a number, not a text or an object"},
      {"target \"bad\" {\n  ssh = [{ paths = \"x\" }]\n}\n", "docker-bake.hcl:2:9: \"ssh\" does not fit"},
      {"target \"bad\" {\n  attest = [\"mode=max\"]\n}\n",
       "docker-bake.hcl:2:12: \"attest\" does not fit: the attestation \"mode=max\" has no type"},
      {"target \"bad\" {\n  attest = [\"type=sbom,disabled=x\"]\n}\n",
       "docker-bake.hcl:2:12: \"attest\" does not fit: \"x\" is not true or false"},
      {"target \"bad\" {\n  description = null\n}\n", "docker-bake.hcl:2:17: \"description\" does not fit"},
      {"group \"g\" { targets = [\"nope\"] }\n", "docker-bake.hcl:1:1: the group \"g\" contains \"nope\""},
      {"group \"g\" { targets = [\"h\"] }\ngroup \"h\" { targets = [\"g\"] }\n",
       "docker-bake.hcl:1:1: the group \"g\" contains itself"},
      {"variable \"A\" { default = B }\nvariable \"B\" { default = A }\n", "docker-bake.hcl:1:"},
      {"variable \"A\" {\n  type = number\n  default = \"x\"\n}\n",
       "docker-bake.hcl:1:10: a number is required"},
      {"variable \"A\" {\n  type = nope\n}\n", "docker-bake.hcl:1:10: this is not a type"},
      {"variable \"A\" {\n  description = upper(\"x\")\n}\n",
       "docker-bake.hcl:2:17: the description of a variable can't use variables or functions"},
      {"variable \"A\" {\n  validation {\n    condition = true\n    foo = 1\n  }\n}\n",
       "docker-bake.hcl:4:5: a validation has no attribute \"foo\""},
      {"variable \"A\" {\n  validation \"x\" {\n    condition = true\n  }\n}\n",
       "docker-bake.hcl:2:3: a validation has no name"},
      {"function \"f\" {\n  params = []\n  result = 1\n  foo {}\n}\n",
       "docker-bake.hcl:4:3: a function has no block \"foo\""},
      {"function \"f\" {\n  params = [a]\n  result = f(a)\n}\n", "docker-bake.hcl:"},
      {"function \"f\" {\n  params = []\n}\n", "docker-bake.hcl:1:10: the function has no result"},
      {"target \"bad\" {\n  args = { X = range(1e9) }\n}\n",
       "docker-bake.hcl:2:16: range() gives at most 1024 numbers"},
  };
  for (const BadFile& file : files) {
    SCOPED_TRACE(file.text);
    const Definitions definitions = read_bake_text(std::string(file.text) + "target \"good\" {}\n");
    EXPECT_EQ(first_failure(definitions).substr(0, std::string(file.failure).size()), file.failure);
    EXPECT_EQ(names(definitions), Texts{"good"});
  }
}

// Only of what bake can evaluate is there something to print.
TEST(BakeFailure, SendsToBakeOnlyForWhatBakeKnows) {
  const BadFile files[] = {
      {"target \"bad\" {\n  args = { X = NOPE }\n}\n", "there is no variable \"NOPE\""},
      {"target \"bad\" {\n  args = { X = nope(1) }\n}\n", "there is no function \"nope\""},
      {"target \"bad\" {\n  args = { X = target.bad.args.X }\n}\n", "target.bad.args depends on itself"},
      {"target \"bad\" {\n  matrix = { v = [1, 2] }\n}\n", "set name = … with its values"},
      {"variable \"NUM\" {\n  default = 1\n  validation {\n    condition = NUM > 5\n  }\n}\n",
       "the value of NUM is not valid; set NUM to another value"},
      {"variable \"NUM\" {\n  default = 1\n  validation {}\n}\n", "a validation needs a condition"},
  };
  for (const BadFile& file : files) {
    const std::string failure = first_failure(read_bake_text(file.text));
    EXPECT_TRUE(failure.ends_with(file.failure)) << failure;
  }
  const std::string unknown = first_failure(read_bake_text(
      "target \"bad\" {\n  name = \"a-${formatdate(\"YYYY\", timestamp())}\"\n  matrix = { v = [1] "
      "}\n}\n"));
  EXPECT_NE(unknown.find("; see it as JSON with 'docker buildx bake --print > bake.json'"), std::string::npos)
      << unknown;
}

TEST(BakeFailure, OfABlockIsNotToldAgainWhereItIsUsed) {
  const std::string rest =
      "\ntarget \"ok\" {}\ntarget \"n\" {\n  inherits = [\"m\"]\n  args = { A = f(V), B = V }\n}\n"
      "group \"all\" { targets = [\"m\", \"n\", \"ok\"] }\n";
  const std::string m = "target \"m\" {}\n", v = "variable \"V\" {}\n";
  const std::string f = "function \"f\" {\n  params = [x]\n  result = x\n}\n";
  for (const std::string& text : {"target \"m\" {\n  args = { A = upper(1 }\n}\n" + v + f,
                                  "variable \"V\" {\n  default = [1, 2\n}\n" + m + f,
                                  "function \"f\" { params = [x]\n  result = x }\n" + m + v}) {
    const Definitions definitions = read_files({{"docker-bake.hcl", text + rest}});
    EXPECT_EQ(definitions.failures.size(), 1U) << text;
    EXPECT_EQ(definitions.targets.back().name, "ok") << text;
  }
}

TEST(BakeFailure, OfAValidationIsItsMessage) {
  const Definitions definitions = read_bake_text(R"(
variable "LEVEL" {
  default = "high"
  validation {
    condition = contains(["low", "mid"], LEVEL)
    error_message = "LEVEL is low or mid, not ${LEVEL}"
  }
}
target "app" {}
)");
  EXPECT_NE(first_failure(definitions).find("LEVEL is low or mid, not high"), std::string::npos);
}

TEST(Bake, TakesAValidationWithoutAMessage) {
  const Definitions definitions = read_bake_text(
      "variable \"V\" {\n  default = \"1\"\n  validation {\n    condition = V != \"\"\n  }\n}\n"
      "target \"app\" {\n  args = { E = V }\n}\n");
  EXPECT_TRUE(definitions.failures.empty());
  EXPECT_EQ(target(definitions, "app").args.at("E"), "1");
}

TEST(BakeFailure, OfTooManyTargetsLeavesTheOthers) {
  const std::string many = "  name = \"t-${a}-${b}\"\n  matrix = { a = range(1000), b = range(1000) }\n";
  const Definitions one =
      read_bake_text("target \"t\" {\n" + many + "}\ntarget \"ok\" { args = { X = 1 } }\n");
  EXPECT_EQ(one.targets.size(), 1U);
  EXPECT_EQ(target(one, "ok").args.at("X"), "1");
  EXPECT_NE(first_failure(one).find("docker-bake.hcl:1:8: the matrix has too many combinations"),
            std::string::npos);
  std::string three = "target \"first\" {}\n";
  for (const std::string name : {"a", "b", "c"})
    three += "target \"" + name + "\" {\n  name = \"" + name +
             "-${v}-${w}\"\n  matrix = { v = range(1000), w = range(6) }\n}\n";
  const Definitions two = read_bake_text(three + "target \"last\" {}\n");
  EXPECT_EQ(two.targets.size(), 6002U);
  ASSERT_EQ(two.failures.size(), 1U);
  EXPECT_NE(first_failure(two).find("docker-bake.hcl:6:8: there are too many targets"), std::string::npos);
}

// Small files that would take very much time or memory.
TEST(BakeFailure, EndsWhatGrowsTooLarge) {
  const auto args = [](const std::string& value) {
    return "target \"t\" {\n  args = { X = " + value + " }\n}\n";
  };
  std::string doubling = "variable \"v0\" { default = [\"x\"] }\n";
  std::string functions = "function \"f0\" {\n  params = [a]\n  result = a\n}\n";
  for (int i = 1; i < 40; ++i) {
    const std::string now = std::to_string(i);
    const std::string before = std::to_string(i - 1);
    doubling += "variable \"v" + now + "\" { default = [v" + before + ", v" + before + "] }\n";
    functions += "function \"f" + now + "\" {\n  params = [a]\n  result = \"${f" + before + "(a)}${f" +
                 before + "(a)}\"\n}\n";
  }
  const std::vector<std::string> files = {
      args("[for a in range(1000): [for b in range(1000): [for c in range(1000): a]]]"),
      args(R"(format("%2000000000s", "x"))"),
      args(R"(replace(format("%65000s", "x"), " ", format("%65000s", "y")))"),
      args("setproduct(range(1000), range(1000), range(1000))"),
      args(repeated("(", 100000)),
      args(repeated("[", 100000)),
      args(repeated("!", 100000) + "true"),
      args("1" + repeated(" + 1", 100000)),
      args("a" + repeated(".b", 100000)),
      args(repeated("\"${", 100000)),
      args(repeated("9", 100000)),
      doubling + args("jsonencode(v39)"),
      functions + args("f39(1)"),
      "target \"t\" {\n  name = \"t-${a}-${b}\"\n  matrix = { a = range(1000), b = range(1000) }\n}\n",
      repeated("a {\n", 100000),
      repeated("\"", 100000),
  };
  for (const std::string& file : files) {
    SCOPED_TRACE(file.substr(0, 80));
    const Definitions definitions = read_bake_text(file);
    EXPECT_FALSE(definitions.failures.empty());
    EXPECT_LE(definitions.failures.size(), 60U);
  }
  EXPECT_FALSE(read_files({{"a.json", repeated("[", 100000)}}).failures.empty());
  EXPECT_FALSE(read_files({{"a.json", repeated("{\"a\":", 100000)}}).failures.empty());
}

}  // namespace
}  // namespace dcache::project
