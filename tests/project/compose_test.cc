// What Compose files mean. All cases were compared with `docker buildx bake --print`.
#include "dcache/project/compose.h"

#include <memory>

#include <gtest/gtest.h>

#include "dcache/context/file_system.h"
#include "dcache/project/readers.h"
#include "tests/cpu_time.h"
#include "tests/project/long_text.h"
#include "tests/project/shown_definitions.h"
#include "tests/random_text.h"

namespace dcache::project {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;
using Environment = std::map<std::string, std::string, std::less<>>;

struct ComposeCase {
  Files files;  // the first one is read
  std::string shown;
  Environment environment = {};
};

std::string read_compose_files(const Files& files, const Environment& environment = {},
                               const std::vector<std::string>& paths = {"compose.yaml"}) {
  const auto memory = std::make_shared<context::MemoryFiles>();
  for (const auto& [path, text] : files)
    memory->write(path, text);
  ReadOptions options;
  options.files = memory;
  options.environment = environment;
  return shown(read_compose(paths, options));
}

void expect_compose(const std::vector<ComposeCase>& cases) {
  for (const ComposeCase& c : cases)
    EXPECT_EQ(read_compose_files(c.files, c.environment), c.shown) << c.files.front().second;
}

// One file, whose services are given.
Files services(const std::string& text) {
  return {{"compose.yaml", "services:\n" + text}};
}

TEST(Compose, FormsOfWhatNoBuildReadsMayDiffer) {
  const Files files = {
      {"compose.yaml",
       "services:\n  a:\n    build: .\n    command: [a]\n    networks: [x]\n    depends_on: {b: {}}\n"
       "    ulimits: {nofile: {soft: 1, hard: 2}}\n    labels: [a=1]\n"},
      {"over.yaml",
       "services:\n  a:\n    build: y\n    command: b\n    networks: {y: {aliases: [q]}}\n    depends_on: "
       "[c]\n"
       "    ulimits: {nofile: 5}\n    labels: {b: x}\n"}};
  EXPECT_EQ(read_compose_files(files, {}, {"compose.yaml", "over.yaml"}), "a: context=y\n");
  EXPECT_EQ(read_compose_files({{"compose.yaml", "services: {a: {build: ., ports: [1]}}\n"},
                                {"over.yaml", "services: {a: {ports: {b: 1}}}\n"}},
                               {}, {"compose.yaml", "over.yaml"}),
            "a: context=.\n! over.yaml:1:23: 'ports' of the service 'a' is not a list\n");
}

TEST(Compose, VariablesThatHaveToBeSetCountWhereABuildReadsThem) {
  expect_compose({
      {services("  a: {build: ., environment: {X: '${X:?}'}, labels: ['${Y?no}']}\n"), "a: context=.\n"},
      {services("  a: {build: ., image: 'r/a:${TAG?}'}\n"),
       "a: context=. unknown=[tags can't be told: the variable TAG has to be set]\n"},
      {services("  a: {build: '${X:?}'}\n  b: {build: y}\n"),
       "b: context=y\n! compose.yaml:2:14: the variable X has to be set\n"},
      {services("  a: {build: {args: [X]}, environment: {X: '${X:?}'}}\n"),
       "! compose.yaml:2:44: the variable X has to be set\n"},
  });
}

// Compose and bake refuse these, whatever is built.
TEST(Compose, FormsOfWhatNoBuildReadsAreChecked) {
  const std::pair<std::string, std::string> cases[] = {
      {"image: 3", "'image' of the service 'a' is a number, not text; put it in quotes"},
      {"depends_on: b", "'depends_on' of the service 'a' is not a list of services, or a map of them"},
      {"depends_on: {b: }", "'depends_on' of the service 'a' has 'b', which is nothing"},
      {"environment: x", "'environment' of the service 'a' is not a map, or a list of NAME=VALUE"},
      {"environment: [3]", "'environment' of the service 'a' has an element that is a number"},
      {"environment: {X: {a: b}}", "'environment' of the service 'a' has 'X', which is a map"},
      {"env_file: 3", "'env_file' of the service 'a' is not a file, or a list of files; put it in quotes"},
      {"ports: '80'", "'ports' of the service 'a' is not a list"},
      {"ports: [x]", "'ports' of the service 'a' has 'x', which does not fit"},
      {"ports: [{target: x}]", "'ports' of the service 'a' has an element that is a map"},
      {"tmpfs: [3]", "'tmpfs' of the service 'a' has an element that is a number"},
      {"tty: zz", "'tty' of the service 'a' is not true or false"},
      {"scale: x", "'scale' of the service 'a' is not a number"},
      {"ulimits: {nofile: x}",
       "'ulimits' of the service 'a' has a fault: the limit 'nofile' is not a number, or 'soft' and 'hard'"},
      {"volumes: [3]", "'volumes' of the service 'a' has an element that is a number"},
  };
  for (const auto& [member, fault] : cases) {
    const std::string text = services("  a:\n    build: .\n    " + member + "\n")[0].second;
    const size_t column = member.find(": ") + 7;
    EXPECT_EQ(read_compose_files({{"compose.yaml", text}}),
              "a: context=.\n! compose.yaml:4:" + std::to_string(column) + ": " + fault + "\n")
        << member;
  }
  expect_compose({
      {{{"compose.yaml",
         "services: {a: {build: .}}\nvolumes: [x]\nsecrets: {s: }\nnetworks: {n: }\nconfigs:\n"}},
       "a: context=.\n! compose.yaml:3:11: 's' of 'secrets' is nothing, not a map\n"
       "! compose.yaml:2:10: 'volumes' is a list, not a map\n"},
      {{{"compose.yaml", "services:\n"}},
       "! compose.yaml:1:1: 'services' is not a map; write each service below it\n"},
      // What a variable without a value leaves may fit.
      {services(
           "  a: {build: ., tty: '${T}', scale: '${S}', ports: ['${P}:80', '80-81/tcp', 9, {target: 5}],\n"
           "    environment: {A: 1, B: , C: true}, env_file: [{path: x}], depends_on: {b: {}}, expose: [1, "
           "'2'],\n"
           "    cpus: '0.5', privileged: yes, ulimits: {nofile: {soft: 1, hard: '2'}}, foo: 1}\n"),
       "a: context=.\n"},
  });
}

TEST(Compose, AServiceNeedsASourceInFilesThatAreNamed) {
  const auto memory = std::make_shared<context::MemoryFiles>();
  memory->write("c.yaml",
                "services:\n  a: {build: {secrets: [s, {source: t}]}}\n  b: {command: x}\n  c: {image: x}\n"
                "  d: {provider: {type: x}}\n  e: \nsecrets: {t: {environment: T}}\n");
  ReadOptions options;
  options.files = memory;
  EXPECT_TRUE(read_compose({"c.yaml"}, options).failures.empty());
  options.is_named = true;
  EXPECT_EQ(shown(read_compose({"c.yaml"}, options)),
            "a: context=. other=[secrets]\n"
            "! c.yaml:2:25: there is no secret 's' in the file; define it below 'secrets:'\n"
            "! c.yaml:3:3: the service 'b' has neither 'image' nor 'build'; write one of them below it\n"
            "! c.yaml:6:3: the service 'e' has neither 'image' nor 'build'; write one of them below it\n");
}

TEST(Compose, AServiceOfAnIncludedFileIsNotExtended) {
  expect_compose({{{{"compose.yaml", "include: [b.yaml]\nservices: {a: {extends: b}}\n"},
                    {"b.yaml", "services: {b: {build: x}}\n"}},
                   "b: context=x\n! compose.yaml:2:25: there is no service 'b' in compose.yaml\n"}});
}

TEST(Compose, ServicesThatAreBuiltAreTargets) {
  expect_compose({
      {services("  a:\n    build: ./x/../y\n  b: {image: x}\n"), "a: context=y\n"},
      {services("  a:\n    build: {labels: [x=1, y]}\n"), "a: context=. labels={x=1,y=}\n"},
      {services("  a:\n    build: {labels: {x: 1, y: null}}\n"), "a: context=. labels={x=1,y=}\n"},
      {services("  a.b: {build: {dockerfile: f, target: t}}\n"), "a_b: context=. dockerfile=f target=t\n"},
      {services("  a: {build: {context: /x/../y/}, image: 'r/a:1'}\n"), "a: context=/y tags=[r/a:1]\n"},
      {services("  a: {build: 'https://github.com/a/b.git#main:c'}\n"),
       "a: context=https://github.com/a/b.git#main:c\n"},
      {services("  a: {build: ~/y}\n"), "a: context=/home/u/y\n", {{"HOME", "/home/u"}}},
      {services("  a:\n    build:\n      dockerfile_inline: FROM x\n"), "a: context=. inline=FROM x\n"},
      {services("  a:\n    build:\n      context: .\n      no_cache: true\n      network: host\n      "
                "shm_size: 128mb\n"
                "      extra_hosts: [a=1.1.1.1, 'b:2.2.2.2', 'c=[::1]']\n"
                "      ulimits: {nofile: 5, nproc: {soft: 1, hard: 2}}\n"),
       "a: context=. no_cache=yes network=host shm=128mb hosts=[a=1.1.1.1,b=2.2.2.2,c=::1] "
       "ulimits=[nofile=5:5,nproc=1:2]\n"},
      {services("  a:\n    image: i\n    build:\n      context: .\n      tags: [b, c, b]\n"
                "      platforms: [linux/amd64]\n      cache_from: [x, 'type=gha', 'x,y']\n"
                "      cache_to: ['type=local,dest=d']\n"),
       "a: context=. platforms=[linux/amd64] tags=[b,c] "
       "from=[type=registry,ref=x,type=gha,type=registry,ref=y] to=[type=local,dest=d]\n"},
      {services(
           "  a:\n    build:\n      context: .\n      tags: [a]\n      x-bake: {tags: b c, no-cache: true, "
           "no-cache-filter: [s], contexts: {p: ./q/../r, z: 'service:b.c'}}\n  b.c: {build: .}\n"),
       "a: context=. contexts={p=./q/../r,z=target:b_c} tags=[a,b,c] no_cache=yes no_cache_filter=[s] "
       "needs=[b_c]\nb_c: context=.\n"},
      {services("  a:\n    build:\n      context: .\n      additional_contexts: [x=./l/../q, "
                "'y=docker-image://z', "
                "'s=service:b']\n  b: {build: .}\n"),
       "a: context=. contexts={s=target:b,x=q,y=docker-image://z} needs=[b]\nb: context=.\n"},
  });
}

TEST(Compose, BuildArgumentsArePrintedAsGoPrintsThem) {
  expect_compose({
      {services("  a:\n    build:\n      context: .\n      args: [A=1, B, 'C=', D=a=b, A=2]\n"),
       "a: context=. args={A=2,B=env,C=,D=a=b}\n",
       {{"B", "env"}}},
      {services("  a:\n    build:\n      context: .\n      args: {A: 010, B: 1.10, C: yes, D: true, E: , F: "
                "1e6}\n"),
       "a: context=. args={A=8,B=1.1,C=yes,D=true,F=1e+06} unknown=[args.E has no value in the "
       "environment]\n"},
      {services("  a:\n    environment: {A: 1, B: , C: x}\n    build: {context: ., args: [A, B, C, D]}\n"),
       "a: context=. args={A=1,B=b,C=x,D=d}\n",
       {{"A", "0"}, {"B", "b"}, {"D", "d"}}},
      {{{"compose.yaml",
         "services:\n  a:\n    env_file: [one.env, {path: none.env, required: false}]\n"
         "    build: {context: ., args: [A, B]}\n"},
        {"one.env", "A=1\nB=\"$A-x\"\n"}},
       "a: context=. args={A=1,B=1-x}\n"},
      {services("  a:\n    build: {context: ., args: [A, B]}\n"),
       "a: context=. args={B=b} unknown=[args.A has no value in the environment]\n",
       {{"B", "b"}}},
      {services("  a:\n    env_file: none.env\n    build: {context: ., args: [A]}\n"),
       "a: context=. unknown=[args.A may be set in none.env, which is not there]\n"},
  });
}

TEST(Compose, VariablesAreReplaced) {
  expect_compose({
      {services("  a:\n    build:\n      context: ${A:-./dir}\n      dockerfile: ${B-D}${C}\n      target: "
                "${T:?}\n"),
       "a: context=dir dockerfile=D target=t unknown=[dockerfile uses C, which is not set]\n",
       {{"T", "t"}}},
      {services(
           "  a:\n    build:\n      context: .\n      args: {A: '$1 $ $$', B: 'a$}b', C: '${X:-a}b}c', "
           "D: '${X:-{\"a\":1}}', E: '${X:-a} ${Y:-b}', F: '${X:-${Y:-${Z:-deep}}}', G: '${V:+${W:-c}}'}\n"),
       "a: context=. args={A=$1 $ $,B=a$}b,C=ab}c,D={\"a\":1},E=a b,F=deep,G=c}\n",
       {{"V", "v"}}},
      {services("  a:\n    build:\n      context: .\n      args: {A: '${E:-x}', B: '${E-x}', C: '${E:+x}', "
                "D: '${E+x}', F: '${U:+x}'}\n"),
       "a: context=. args={A=x,B=,C=,D=x,F=}\n",
       {{"E", ""}}},
      {services("  a:\n    build:\n      context: ${NOPE}\n      args: {A: '${N}'}\n"),
       "a: context=. args={A=} unknown=[context uses NOPE, which is not set,args.A uses N, which is not "
       "set]\n"},
      {{{"compose.yaml",
         "name: p-${N:-x}\nservices:\n  a: {build: ., image: '${COMPOSE_PROJECT_NAME}-a'}\n"}},
       "a: context=. tags=[p-x-a]\n"},
      {{{"compose.yaml",
         "services:\n  a: {build: {context: ., args: {A: $A, B: $B, C: $C, D: $D, E: $E, F: $F}}}\n"},
        {".env",
         "A=1\nexport B=\"two # x\" # comment\nC='x $A \"'\nD=\"multi\nline\"\nE=$A-${B} # c\nF=file\n"}},
       "a: context=. args={A=1,B=two # x,C=x $A \",D=multi\nline,E=1-two # x,F=env}\n",
       {{"F", "env"}}},
  });
}

TEST(Compose, ServicesAreExtendedAndIncluded) {
  expect_compose({
      {services("  base:\n    build: {context: ./b, args: {A: 1, B: 2}, tags: [x]}\n  a:\n    extends: base\n"
                "    build: {args: [B=3, C=4], tags: [y], target: z}\n"),
       "base: context=b args={A=1,B=2} tags=[x]\na: context=b target=z args={A=1,B=3,C=4} tags=[x,y]\n"},
      {{{"compose.yaml", "services:\n  a:\n    extends: {file: common/base.yaml, service: web}\n"},
        {"common/base.yaml",
         "services:\n  web:\n    extends: core\n    build: {context: ., dockerfile: D}\n"
         "  core:\n    extends: {file: deep/c.yaml, service: c}\n"},
        {"common/deep/c.yaml",
         "services:\n  c:\n    build: {context: ./x, target: t, args: {Q: '${V:-q}'}}\n"}},
       "a: context=common dockerfile=D target=t args={Q=q}\n"},
      {services(
           "  base:\n    build: {context: b, target: t, args: {A: 1}}\n  a:\n    extends: base\n    build:\n"
           "      target: !reset null\n      args: !override {B: 1}\n"),
       "base: context=b target=t args={A=1}\na: context=b args={B=1}\n"},
      {{{"compose.yaml",
         "include:\n  - sub/c.yaml\n  - path: [other/a.yaml, other/b.yaml]\n"
         "    project_directory: pd\n    env_file: other/x.env\nservices:\n  a: {build: .}\n"},
        {"sub/c.yaml", "services:\n  s: {build: {context: ./x, args: {V: $V}}}\n"},
        {"sub/.env", "V=sub\n"},
        {"other/a.yaml", "services:\n  o: {build: {context: c, args: {V: $V, W: 1}}}\n"},
        {"other/b.yaml", "services:\n  o: {build: {target: t, args: {W: 2}}}\n"},
        {"other/x.env", "V=x\n"},
        {"pd/c/Dockerfile", "FROM x\n"}},
       "a: context=.\ns: context=sub/x args={V=sub}\no: context=pd/c target=t args={V=x,W=2}\n"},
      {{{"compose.yaml", "include: [a/c.yaml]\n"},
        {"a/c.yaml", "include: [b/d.yaml]\nservices:\n  s: {build: ./s}\n"},
        {"a/b/d.yaml", "services:\n  t: {build: ./t}\n"}},
       "s: context=a/s\nt: context=a/b/t\n"},
      {{{"compose.yaml",
         "x-b: &b {context: ., args: &args {A: 1}}\nservices:\n  a:\n    build:\n      <<: *b\n"
         "      target: t\n  b:\n    build:\n      <<: *b\n      args: {<<: *args, B: 2}\n"}},
       "a: context=. target=t args={A=1}\nb: context=. args={A=1,B=2}\n"},
  });
}

// Compose validates the first file before it adds the second one to it. Measured with Compose 2.40.3.
TEST(Compose, AnErrorIsNotLostWhenAnotherFileAddsToTheMap) {
  const auto with = [](const std::string& base, const std::string& over) {
    return read_compose_files({{"compose.yaml", "services: {a: {build: {context: ., " + base + "}}}\n"},
                               {"o.yaml", "services: {a: {build: {" + over + "}}}\n"}},
                              {}, {"compose.yaml", "o.yaml"});
  };
  const std::string date = "an element is a date; put it in quotes\n";
  EXPECT_EQ(with("args: {D: 2020-01-01}", "args: {E: x}"), "! compose.yaml:1:46: 'args' of 'build': " + date);
  EXPECT_EQ(with("args: {D: 2020-01-01}", "args: {D: x}"), "! compose.yaml:1:46: 'args' of 'build': " + date);
  EXPECT_EQ(with("labels: {D: 2020-01-01}", "labels: {E: x}"),
            "! compose.yaml:1:48: 'labels' of 'build': " + date);
  EXPECT_EQ(with("args: {D: [a, b]}", "args: {E: x}"),
            "! compose.yaml:1:46: 'args' of 'build': an element is a list\n");
  EXPECT_EQ(with("args: {D: {a: b}}", "args: {E: x}"),
            "! compose.yaml:1:46: 'args' of 'build': an element is a map\n");
  EXPECT_EQ(with("args: {D: 1, E: , F: true, G: 1.5}", "args: {H: x}"),
            "a: context=. args={D=1,F=true,G=1.5,H=x} unknown=[args.E has no value in the environment]\n");
  EXPECT_EQ(with("extra_hosts: {D: ['1.1.1.1']}", "extra_hosts: {E: '2.2.2.2'}"),
            "a: context=. hosts=[D=1.1.1.1,E=2.2.2.2]\n");
  EXPECT_EQ(read_compose_files({{"compose.yaml",
                                 "services:\n  a: {extends: b, build: {context: ., args: {E: x}}}\n"
                                 "  b: {image: x, build: {args: {D: !!str 2020-01-01}}}\n"}}),
            "a: context=. args={D=2020-01-01,E=x} tags=[x]\nb: context=. args={D=2020-01-01} tags=[x]\n");
}

TEST(Compose, LaterFilesOverrideEarlierOnes) {
  const std::string base =
      "services:\n  a:\n    image: i\n    build: {context: c, target: t, args: {A: 1, B: 2}, "
      "tags: [x], cache_from: [p]}\n";
  const auto with = [&](const std::string& over) {
    return read_compose_files({{"compose.yaml", base}, {"o.yaml", "services:\n" + over}}, {{"C", "env"}},
                              {"compose.yaml", "o.yaml"});
  };
  EXPECT_EQ(
      with(
          "  a: {build: {dockerfile: d, args: [B=9, C], cache_from: [q], tags: [y, x]}}\n  b: {build: bb}\n"),
      "a: context=c dockerfile=d target=t args={A=1,B=9,C=env} tags=[x,y] "
      "from=[type=registry,ref=p,type=registry,ref=q]\nb: context=bb\n");
  EXPECT_EQ(with("  a: {build: ./d}\n"),
            "a: context=d target=t args={A=1,B=2} tags=[x] from=[type=registry,ref=p]\n");
  EXPECT_EQ(with("  a:\n    build: !override\n      dockerfile: d\n"),
            "a: context=. dockerfile=d tags=[i]\n");
  EXPECT_EQ(with("  a: {build: {target: !reset null, args: !override {Z: 1}, tags: !override [y], "
                 "cache_from: !reset }}\n"),
            "a: context=c args={Z=1} tags=[y]\n");
  EXPECT_EQ(with("  a: {build: !reset }\n"), "");
  EXPECT_EQ(with("  a: {build: {tags: {a: b}}}\n"),
            "a: context=c target=t args={A=1,B=2} tags=[x] from=[type=registry,ref=p]\n"
            "! o.yaml:2:21: 'build.tags' is a map here, and a list in what it overrides; write it in the "
            "same form\n");
  EXPECT_EQ(read_compose_files(
                {{"compose.yaml",
                  "services:\n  a: {build: {args: {A: 1}}}\n---\nservices:\n  a: {build: {target: t}}\n"}}),
            "a: context=. target=t args={A=1}\n");
}

TEST(Compose, WhatIsWrongHasItsPlaceAndOtherServicesAreRead) {
  const std::string good = "  z: {build: .}\n", z = "z: context=.\n";
  const std::pair<std::string, std::string> cases[] = {
      {"  a: {build: {context: [x]}}\n", "3:24: 'context' of 'build' is not text"},
      {"  a: {build: {args: x}}\n", "3:21: 'args' of 'build' is not a map of texts, or a list of NAME=VALUE"},
      {"  a: {build: {tags: [1.0]}}\n", "3:21: 'tags' of 'build' is not a list of texts"},
      {"  a: {build: {target: }}\n", "3:23: 'target' of 'build' is not text"},
      {"  a: {build: {args: {A: 2024-01-01}}}\n",
       "3:22: 'args' of 'build': the value of 'A' is a date; put it in quotes"},
      {"  a:\n    build:\n      args:\n        A: 1\n        N9: 2020-01-01\n        B: [x]\n",
       "7:9: 'args' of 'build': the value of 'N9' is a date; put it in quotes\n! compose.yaml:8:9: 'args' of "
       "'build': the value of 'B' is a list"},
      {"  a: {build: {args: [A=1, 2]}}\n",
       "3:27: 'args' of 'build': an element is a number; put it in quotes"},
      {"  a: {build: {extra_hosts: {h: 1}}}\n",
       "3:29: 'extra_hosts' of 'build': 'h' has no address; put it in quotes"},
      {"  a: {build: }\n",
       "3:14: 'build' is nothing; write the folder of the context, or a map with 'context'"},
      {"  a: x\n", "3:6: the service 'a' is not a map; write 'image' or 'build' below it"},
      {"  'a b': {build: .}\n",
       "3:10: 'a b' is not a name for a service; use letters, digits, '.', '-' and '_'"},
      {"  1: {build: .}\n", "3:3: the name '1' is a number; put it in quotes"},
      {"  a: {build: {target: '${T'}}\n", "3:23: '${T' is not a variable; write $$ for a dollar sign"},
      {"  a: {build: {target: '${T:?no t}'}}\n", "3:23: the variable T has to be set: no t"},
      {"  a: {build: {dockerfile: d, dockerfile_inline: FROM x}}\n",
       "3:49: 'dockerfile' and 'dockerfile_inline' are both here; remove one of them"},
      {"  a: {extends: nope, build: .}\n", "3:16: there is no service 'nope' in compose.yaml"},
      {"  a: {extends: a, build: .}\n", "3:16: the service 'a' extends itself; remove one 'extends'"},
      {"  a: {extends: {file: n.yaml, service: x}}\n", "3:23: can't read n.yaml: there is no such file"},
      {"  a: {extends: [z]}\n", "3:16: 'extends' does not name a service; write 'service: NAME' below it"},
      {"  a: {build: {additional_contexts: {s: 'service:nope'}}}\n",
       "3:36: the service 'a' needs 'nope', which is not a service that is built; name a service with "
       "'build'"},
      {"  a: {build: {additional_contexts: {s: 'service:a'}}}\n",
       "3:36: the service 'a' needs its own image, or one that does; remove one of the additional contexts"},
      {"  a: {build: {additional_contexts: [x]}}\n",
       "3:37: an additional context is not NAME=FOLDER; write NAME=FOLDER"},
      {"  a: {build: {cache_from: [ref=x]}}\n",
       "3:28: the cache 'ref=x' has no type; write type=TYPE,KEY=VALUE"},
      {"  a: {build: {extra_hosts: [x]}}\n", "3:29: the host 'x' has no address; write NAME=ADDRESS"},
      {"  a: {build: {additional_contexts: {x: 3}}}\n",
       "3:37: 'additional_contexts' of 'build': the value of 'x' is a number; put it in quotes"},
      {"  a: {build: {platforms: ['a b']}}\n",
       "3:27: \"a b\" is not a platform; write one such as linux/amd64"},
      {"  a: {build: {no_cache: yep}}\n", "3:25: 'no_cache' of 'build' is not true or false"},
      {"  a: {build: {privileged: x}}\n", "3:27: 'privileged' of 'build' is not true or false"},
      {"  a: {build: {shm_size: zz}}\n", "3:25: 'shm_size' of 'build' is not a size such as 64m"},
      {"  a: {build: {ulimits: {nofile: x}}}\n",
       "3:25: 'ulimits' of 'build': the limit 'nofile' is not a number, or 'soft' and 'hard'"},
      {"  a: {build: {ulimits: {nofile: {soft: 1, hard: 2, foo: 3}}}}\n",
       "3:25: 'ulimits' of 'build': the limit 'nofile' is not a number, or 'soft' and 'hard'"},
      {"  a: {build: {secrets: s}}\n",
       "3:24: 'secrets' of 'build' is not a list of names, or of maps with 'source'"},
      {"  a: {build: {secrets: [{source: s, foo: t}]}}\n",
       "3:25: 'secrets' of 'build': a secret has no 'foo'"},
      {"  a: {build: {ssh: default}}\n",
       "3:20: 'ssh' of 'build' is not a map of texts, or a list of NAME=VALUE"},
      {"  a: {build: {ssh: [{k: x}]}}\n", "3:21: 'ssh' of 'build': an element is a map"},
      {"  a: {build: {x-bake: {tags: {a: b}}}}\n", "3:30: 'tags' of 'x-bake' is a map; write a list"},
  };
  for (const auto& [text, failure] : cases) {
    EXPECT_EQ(read_compose_files(services(good + text)), z + "! compose.yaml:" + failure + "\n") << text;
  }
  EXPECT_EQ(read_compose_files(services("  a: {build: {context: ., contxt: 1}}\n")),
            "a: context=.\n! compose.yaml:2:27: unknown key 'contxt' of 'build'; did you mean 'context'?\n");
  EXPECT_EQ(read_compose_files({{"compose.yaml", "include: [b.yaml, n.yaml]\nservices:\n  a: {build: .}\n"},
                                {"b.yaml", "include: [compose.yaml]\nservices:\n  b: {build: .}\n"}}),
            "a: context=.\nb: context=.\n"
            "! b.yaml:1:11: compose.yaml includes itself; remove the include\n"
            "! compose.yaml:1:19: can't read n.yaml: there is no such file\n");
  EXPECT_EQ(read_compose_files({{"compose.yaml", "services: {a: {build: .}}\n"}, {".env", "A=1\nB C=2\n"}}),
            "a: context=.\n! .env:2:1: the name of a variable contains a space; write NAME=value\n");
  EXPECT_EQ(
      read_compose_files({{"compose.yaml", "- a\n"}}),
      "! compose.yaml:1:1: this is not a map of 'services'; write 'services:' with the services below it\n");
  EXPECT_EQ(read_compose_files({{"compose.yaml", ""}}),
            "! compose.yaml has no services; write them below 'services:'\n");
}

TEST(Compose, ProfilesChooseServices) {
  const auto memory = std::make_shared<context::MemoryFiles>();
  memory->write(
      "c.yaml",
      "services:\n  a: {build: ., profiles: [x]}\n  b: {build: .}\n  c: {build: ., profiles: [y]}\n");
  ReadOptions options;
  options.files = memory;
  EXPECT_EQ(read_compose({"c.yaml"}, options).targets.size(), 3U);
  options.profiles = {"x"};
  EXPECT_EQ(shown(read_compose({"c.yaml"}, options)),
            "a: context=.\nb: context=.\n- c: its profiles are not enabled\n");
}

TEST(Compose, TargetsKnowWhereTheyAreDefined) {
  const auto memory = std::make_shared<context::MemoryFiles>();
  memory->write("p/c.yaml", "include: [d/e.yaml]\nservices:\n  a: {build: .}\n");
  memory->write("p/d/e.yaml", "services:\n\n  b: {build: .}\n");
  ReadOptions options;
  options.files = memory;
  const Definitions defined = read_compose({"p/c.yaml"}, options);
  ASSERT_EQ(defined.targets.size(), 2U);
  EXPECT_EQ(defined.targets[0].folder, "p");
  EXPECT_EQ(defined.targets[0].defined.front().line, 3U);
  EXPECT_EQ(defined.targets[1].defined.front().path, "p/d/e.yaml");
  EXPECT_EQ(defined.targets[1].context, "d");
  ASSERT_EQ(defined.groups.size(), 1U);
  EXPECT_EQ(defined.groups[0].members, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(shown(read_compose_in({"p/c.yaml"}, ".", options)),
            "a: context=.\n! p/c.yaml:1:11: can't read d/e.yaml: there is no such file\n");
}

std::string numbered(const std::string& before, const std::string& after, int count) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += before + std::to_string(i) + after;
  return all;
}

TEST(Compose, NoInputTakesLong) {
  constexpr size_t kLarge = (4 << 20) / tests::kScaleDown;
  std::string chain = "services:\n  s0: {build: .}\n";
  for (int i = 1; i < 5000; ++i)
    chain += "  s" + std::to_string(i) + ": {extends: s" + std::to_string(i - 1) + "}\n";
  const std::string base =
      "services:\n  b:\n    build:\n      args:\n" + numbered("        A", ": x\n", 3000);
  const std::string build = "services:\n  a:\n    build:\n      context: .\n";
  const Files cases[] = {
      {{"compose.yaml", chain}},
      {{"compose.yaml", base + numbered("  s", ": {extends: b}\n", 3000)}},
      {{"compose.yaml",
        "services: {a: {build: {args: {A: '" + repeated_to_size("${A:-", kLarge) + "'}}}}\n"}},
      {{"compose.yaml", "services: {a: {build: {args: {A: '" + repeated_to_size("$A", kLarge) + "'}}}}\n"},
       {".env", "A=" + std::string(1000, 'x') + "\n"}},
      {{"compose.yaml", "services: {a: {build: .}}\n"},
       {".env", "A=xxxxxxxxxx\n" + repeated_to_size("A=$A$A\n", 1000)}},
      {{"compose.yaml", repeated_to_size("---\nservices: {a: {build: .}}\n", 1 << 20)}},
      {{"compose.yaml", "include: [" + repeated_to_size("b.yaml, ", 1 << 16) + "b.yaml]\n"},
       {"b.yaml", "include: [c.yaml, c.yaml, c.yaml]\n"},
       {"c.yaml", "include: [d.yaml, d.yaml, d.yaml]\n"},
       {"d.yaml", "services: {a: {build: .}}\n"}},
      {{"compose.yaml", build + "      tags:\n" + numbered("        - t", "\n", 100'000)}},
      {{"compose.yaml", build + "      cache_from:\n" + numbered("        - t", "\n", 100'000)}},
      {{"compose.yaml", build + "      args:\n" + numbered("        A", ": $UNSET\n", 50'000)}},
      {{"compose.yaml", build + "      " + std::string(kLarge, 'k') + ": 1\n"}},
      {{"compose.yaml",
        "services:\n" + numbered("  s", ": {build: {additional_contexts: {a: 'service:s0'}}}\n", 20'000)}},
      {{"compose.yaml", std::string(kLarge, '[')}},
  };
  for (const Files& files : cases) {
    const tests::CpuTime time;
    const std::string text = read_compose_files(files);
    EXPECT_LT(time.seconds(), 20) << files.front().second.substr(0, 60);
  }
  EXPECT_EQ(read_compose_files({{"compose.yaml", std::string("services: {a: {build: .}}\n\0", 27)}}),
            "! compose.yaml:2:1: the file contains a control character; save it as UTF-8 text\n");
}

TEST(Compose, AProjectFolderThatIsNoneIsTheOneAboveIt) {
  const std::string service = "services: {i: {build: ./i}}\n";
  for (const auto& [folder, context] : std::vector<std::pair<std::string, std::string>>{
           {"other", "other/i"}, {"nowhere", "i"}, {"x/nowhere", "x/i"}, {"sub/c.yaml", "sub/i"}}) {
    const std::string compose = "include: [{path: sub/c.yaml, project_directory: " + folder + "}]\n";
    EXPECT_EQ(read_compose_files({{"compose.yaml", compose}, {"sub/c.yaml", service}, {"other/keep", ""}}),
              "i: context=" + context + "\n")
        << folder;
  }
}

TEST(Compose, AFileWithoutServicesBuildsNothing) {
  EXPECT_EQ(read_compose_files({{"compose.yaml", "name: x\nx-build: {build: .}\n"}}), "");
  EXPECT_EQ(read_compose_files({{"compose.yaml", "services: {}\n"}}), "");
  EXPECT_EQ(read_compose_files({{"compose.yaml", "a: {build: .}\n"}}),
            "! compose.yaml has no services; write them below 'services:'\n");
}

}  // namespace
}  // namespace dcache::project
