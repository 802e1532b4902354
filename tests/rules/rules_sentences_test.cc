// What our own rules say, word by word, where a wrong word would break the build of anyone who follows it.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

struct Sentence {
  const char* rule;
  const char* text;
  const char* expected;  // of the first finding of the rule
};

std::string said(const Sentence& one) {
  const lint::Config config = test::config_selecting({one.rule});
  const lint::Linter linter(lint::catalogue(), config);
  const dockerfile::File file = dockerfile::parse(one.text);
  const lint::Findings found = linter.lint(file, {});
  for (const lint::Diagnostic& diagnostic : found.diagnostics) {
    if (diagnostic.rule == one.rule) return diagnostic.sentence();
  }
  return "";
}

TEST(Sentences, OfChangedOwners) {
  constexpr Sentence kSentences[] = {
      {"DC1014", "FROM a\nCOPY . /srv/a\nRUN chown --from root:root --changes --recursive app:app /srv/a\n",
       "this stores the files of the COPY of line 2 a second time: write COPY --chown=app:app there"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN chown -R x /a && chmod -R 770 /a && chown -R app /a\n",
       "this stores the files of the COPY of line 2 a second time: write COPY --chown=app --chmod=770 there"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN chown -R root:root /a\n",
       "this stores the files of the COPY of line 2 a second time: remove it: COPY gives all files to root "
       "by "
       "default"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN chown -R root:root /a && chmod -R 755 /a\n",
       "this stores the files of the COPY of line 2 a second time: write COPY --chmod=755 there"},
      {"DC1014", "FROM a\nCOPY *.key /a/\nRUN chown root /a/*.key && chmod 0600 /a/*.key\n",
       "this stores the files of the COPY of line 2 a second time: write COPY --chmod=0600 there"},
      {"DC1014", "FROM a\nCOPY --chown=5 . /a\nRUN chown -R root /a\n",
       "this stores the files of the COPY of line 2 a second time: write COPY --chown=root there"},
      {"DC1014", "FROM a\nCOPY a /a/\nCOPY b /a/\nCOPY c /a/\nRUN chown -R app /a\n",
       "this stores the files of the COPYs of lines 2, 3 and 4 a second time: write COPY --chown=app there"},
      {"DC1014", "FROM a\nCOPY a /a/\nADD b /a/\nRUN chmod -R 755 /a\n",
       "this stores the files of the COPY and ADD of lines 2 and 3 a second time: write COPY and ADD "
       "--chmod=755 there"},
      {"DC1014", "FROM a\nCOPY x.sh /x.sh\nRUN chmod -x /x.sh\n",
       "this stores the files of the COPY of line 2 a second time: write COPY --chmod=-x there (modes in "
       "letters need Dockerfile 1.14)"},
      {"DC1014", "FROM a\nCOPY --chmod=664 a.conf /a/a.conf\nRUN chown -R 33:33 /a; chmod -R +r /a\n",
       "this stores the files of the COPY of line 2 a second time: write COPY --chown=33:33 there"},
      {"DC1014", "FROM a\nCOPY --chmod=664 a.sh /a/a.sh\nRUN chmod +x /a/a.sh\n",
       "this stores the files of the COPY of line 2 a second time: set the final mode in --chmod of the "
       "COPY"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN useradd app && chown -R app /a\n",
       "this stores the files of the COPY of line 2 a second time: create app before line 2 and write COPY "
       "--chown=app there, or write the numbers of the user and group: a name that does not exist yet means "
       "root"},
      {"DC1014", "FROM a\nCOPY . /a\nRUN usermod -u 5 www-data && chown -R www-data /a\n",
       "this stores the files of the COPY of line 2 a second time: change the number of www-data before line "
       "2 "
       "and write COPY --chown=www-data there: COPY takes the number that the name has at that line"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

// The COPY has the option already.
TEST(Sentences, OfChangesThatCopyMakesToo) {
  const std::string twice = "this stores the files of the COPY of line 2 a second time: ";
  const std::string owner = "the COPY of line 2 sets this owner already";
  const std::string mode = "the COPY of line 2 sets this mode already";
  for (const auto& [copy, run, expected] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"--chown=www-data:www-data . /opt/k", "chown -R www-data:www-data /opt/k", "remove it: " + owner},
           {"--chown=www-data . /opt/k", "chown -R www-data:www-data /opt/k", "remove it: " + owner},
           {"--chown=www-data:x . /opt/k", "chown -R www-data /opt/k", "remove it: " + owner},
           {"--chown=www-data:x . /opt/k", "chown -R www-data:www-data /opt/k",
            "write COPY --chown=www-data:www-data there"},
           {"--chown=a . /opt/k", "chmod +x /opt/k/bin/x && chown -R a /opt/k",
            "remove it: " + owner +
                ", and set the mode of /opt/k/bin/x with --chmod in a COPY of its own, or the "
                "RUN still stores it"},
           // A number needs nobody who has it.
           {"--chown=1001:1001 . /opt/k", "useradd -u 1001 a && chown -R 1001:1001 /opt/k",
            "remove it: " + owner},
           {"--chown=1001:1001 . /opt/k", "useradd -u 1001 a && chown -R 1001:1001 /opt/k /var/log",
            "remove /opt/k from it: " + owner},
           {". /opt/k", "useradd -u 1001 a && chown -R 1001:1001 /opt/k",
            "write COPY --chown=1001:1001 there"},
           {". /opt/k", "groupadd a && chown -R 1001:a /opt/k",
            "create a before line 2 and write COPY --chown=1001:a there, or write the numbers of the user "
            "and "
            "group: a name that does not exist yet means root"},
           {"--chown=a . /opt/k", "make -C /opt/k && chown -R a /opt/k",
            "change only what a RUN has made: " + owner},
           {"--chown=a . /opt/k", "chown -R a /opt/k && chmod -R 755 /opt/k", "write COPY --chmod=755 there"},
           {"--chmod=0755 . /opt/k", "chmod -R 755 /opt/k", "remove it: " + mode},
           {"--chmod=755 a.sh /a.sh", "chmod +x /a.sh", "remove it: " + mode},
           {"--chmod=a+x a.sh /a.sh", "chmod a+x /a.sh", "remove it: " + mode},
           {"--chown=a . /opt/k", "useradd a && chown -R a /opt/k",
            "create a before line 2 and remove this, or write the numbers of the user and group"}}) {
    const std::string text = "FROM a\nCOPY " + copy + "\nRUN " + run + "\n";
    EXPECT_EQ(said({"DC1014", text.c_str(), ""}), twice + expected) << text;
  }
}

TEST(Sentences, OfSecrets) {
  constexpr Sentence kSentences[] = {
      {"SecretsUsedInArgOrEnv", "FROM a\nENV API_TOKEN=x1\n",
       "anyone who has the image can read API_TOKEN: pass it when the container starts, or use RUN "
       "--mount=type=secret for a step that needs it"},
      {"SecretsUsedInArgOrEnv", "FROM a\nARG API_TOKEN\n",
       "anyone who has the image can read API_TOKEN: use RUN --mount=type=secret for the step that needs it"},
      {"SecretsUsedInArgOrEnv", "FROM a AS b\nENV API_TOKEN=x1\nFROM b AS c\nFROM a\nCOPY --from=c /x /x\n",
       "the value of API_TOKEN stays in the build cache, and can be in the provenance: use RUN "
       "--mount=type=secret for the step that needs it"},
      {"SecretsUsedInArgOrEnv", "FROM a AS b\nENV API_TOKEN=x1\nFROM b\n",
       "anyone who has the image can read API_TOKEN: pass it when the container starts, or use RUN "
       "--mount=type=secret for a step that needs it"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

// A check of BuildKit and the rule of hadolint about the same thing say the same.
TEST(Sentences, OfTwins) {
  constexpr Sentence kSentences[] = {
      {"DL3064", "FROM a\nENV API_TOKEN=x1\n",
       "anyone who has the image can read API_TOKEN: pass it when the container starts, or use RUN "
       "--mount=type=secret for a step that needs it"},
      {"DL3064", "FROM a\nARG API_TOKEN\n",
       "anyone who has the image can read API_TOKEN: use RUN --mount=type=secret for the step that needs it"},
      {"DL3064", "FROM a AS b\nARG API_TOKEN\nFROM a\nCOPY --from=b /x /x\n",
       "the value of API_TOKEN stays in the build cache, and can be in the provenance: use RUN "
       "--mount=type=secret for the step that needs it"},
      {"DL3000", "FROM a\nWORKDIR b\n",
       "the folder 'b' depends on the WORKDIR above or that of the base image: write an absolute path"},
      {"WorkdirRelativePath", "FROM a\nWORKDIR b\n",
       "the folder 'b' depends on the WORKDIR above or that of the base image: write an absolute path"},
      {"DL4003", "FROM a\nCMD a\nCMD b\n",
       "this one replaces the CMD in line 2, which has no effect: keep one of them"},
      {"MultipleInstructionsDisallowed", "FROM a\nCMD a\nCMD b\n",
       "CMD in line 3 replaces this one: keep one of them"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

TEST(Sentences, OfLists) {
  constexpr Sentence kSentences[] = {
      {"DC1012", "FROM a\nRUN apt-get update\n",
       "this RUN fetches package lists that no install uses: remove apt-get update"},
      {"DC1012", "FROM a\nRUN apk update\nRUN echo\n",
       "this RUN fetches package lists that no install uses: remove apk update"},
      {"DC1012", "FROM a\nRUN apt-get update\nRUN ./install.sh\n",
       "the package lists in this layer are never updated: a later install uses them, however old they "
       "are: run update and install in one RUN: apt-get update && apt-get install …"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

TEST(Sentences, OfWhatIsRemovedTooLate) {
  constexpr Sentence kSentences[] = {
      {"DC1015", "FROM a\nCOPY a.sh b.sh /tmp/\nRUN sh /tmp/a.sh && rm -rf /tmp\n",
       "/tmp/a.sh and /tmp/b.sh stay in the layer of line 2, and are only hidden: use --mount=type=bind "
       "instead of copying them"},
      {"DC1015", "FROM a\nCOPY a.sh /tmp/x.sh\nRUN sh /tmp/x.sh && rm -rf /tmp/*\n",
       "/tmp/x.sh stays in the layer of line 2, and is only hidden: use --mount=type=bind instead of "
       "copying it"},
      {"DC1015", "FROM a\nCOPY a b c d e /tmp/\nRUN rm -rf /tmp/*\n",
       "/tmp/a, /tmp/b, /tmp/c and 2 more stay in the layer of line 2, and are only hidden: use "
       "--mount=type=bind instead of copying them"},
      {"DC1015", "FROM a\nCOPY . /src\nRUN make -C /src && rm -rf /src\n",
       "/src stays in the layer of line 2, and is only hidden: use --mount=type=bind instead of copying "
       "it"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

TEST(Sentences, OfFinalImages) {
  constexpr Sentence kSentences[] = {
      {"DC1022", "FROM a\nVOLUME /d\nENTRYPOINT [\"tini\", \"--\"]\nCMD /bin/meilisearch\n",
       "/bin/meilisearch runs as root: the Dockerfile has no USER: add USER with a user that can write only "
       "to "
       "the files that the program changes"},
      {"DC1024", "FROM golang AS b\nFROM alpine\nCOPY --from=b /app /app\nCMD [\"/app\"]\n",
       "the program needs nothing from alpine, except perhaps the C library: if the program is statically "
       "linked, start from scratch or gcr.io/distroless/static"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

TEST(Sentences, OfCacheMounts) {
  constexpr Sentence kSentences[] = {
      {"DC1003", "FROM alpine\nRUN apk add --no-cache x\n",
       "apk is told not to keep its downloads: every rebuild of this step downloads all packages again: "
       "write "
       "RUN --mount=type=cache,target=/etc/apk/cache,sharing=locked, and remove '--no-cache'"},
      {"DC1003", "FROM alpine\nRUN apk add x\n",
       "apk keeps packages only in a cache folder that exists: every rebuild of this step downloads all "
       "packages again: write RUN --mount=type=cache,target=/etc/apk/cache,sharing=locked"},
      {"DC1003", "FROM debian\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n",
       "the apt cache (/var/cache/apt and /var/lib/apt/lists) is not kept between builds: every rebuild of "
       "this step downloads all packages again: write RUN --mount=type=cache,target=/var/cache/apt,"
       "sharing=locked --mount=type=cache,target=/var/lib/apt/lists,sharing=locked, run rm -f "
       "/etc/apt/apt.conf.d/docker-clean first, and remove 'rm -rf /var/lib/apt/lists/*'"},
      {"DC1003", "FROM debian\nRUN apt-get update && apt-get install -y x && apt-get dist-clean\n",
       "the apt cache (/var/cache/apt and /var/lib/apt/lists) is not kept between builds: every rebuild of "
       "this step downloads all packages again: write RUN --mount=type=cache,target=/var/cache/apt,"
       "sharing=locked --mount=type=cache,target=/var/lib/apt/lists,sharing=locked, run rm -f "
       "/etc/apt/apt.conf.d/docker-clean first, and remove 'apt-get dist-clean'"},
      {"DC1003", "FROM node\nRUN npm ci && npm cache clean --force\n",
       "the npm cache (/root/.npm) is not kept between builds: every rebuild of this step downloads all "
       "packages again: write RUN --mount=type=cache,target=/root/.npm, and remove 'npm cache clean "
       "--force'"},
      {"DC1003", "FROM golang\nRUN go build .\nCMD [\"/app\"]\n",
       "the Go module and build caches (/go/pkg/mod and /root/.cache/go-build) are not kept between builds: "
       "every rebuild of this step downloads all modules and compiles all packages again: write RUN "
       "--mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build"},
      {"DC1003", "FROM jupyter/base-notebook\nUSER \"${NB_UID}\"\nRUN pip install x\n",
       "the pip cache is not kept between builds: every rebuild of this step downloads all packages again: "
       "write RUN --mount=type=cache,target=FOLDER,uid=UID,gid=GID, with the folder that 'pip cache dir' "
       "prints, and the numbers of the user ${NB_UID} as UID and GID"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

TEST(Sentences, OfPackagesFromRepositories) {
  // Chosen by its code alone, the rule answers as hadolint does.
  lint::Config config;
  config.profile = lint::Profile::kAll;
  const lint::Linter linter(lint::catalogue(), config);
  const auto said_of = [&](const std::string& install) -> std::string {
    const dockerfile::File file = dockerfile::parse("FROM node\nRUN " + install + "\n");
    for (const lint::Diagnostic& diagnostic : linter.lint(file, {}).diagnostics) {
      if (diagnostic.rule == "DL3016") return diagnostic.sentence();
    }
    return {};
  };
  for (const std::string pinned : {"npm install user/repo#v1", "npm i github:a/b#abc",
                                   "pnpm add gitlab:a/b#1.2", "yarn add gist:123#abc"})
    EXPECT_EQ(said_of(pinned), "") << pinned;
  EXPECT_NE(said_of("npm install user/repo").find("write user/repo#TAG"), std::string::npos);
  EXPECT_NE(said_of("npm install user/repo#main").find("write user/repo#TAG"), std::string::npos);
}

TEST(Sentences, OfArgumentsThatAStepPrints) {
  const std::string start =
      "FROM debian:12\nARG GIT_SHA\nWORKDIR /a\nRUN apt-get update && apt-get install -y curl\n";
  for (const std::string all :
       {"env > f", "env | sort > f", "export -p > f", "set > f", "envsubst < t > o", "printenv"}) {
    const std::string sentence = said({"DC1010", (start + "RUN " + all + "\n").c_str(), ""});
    EXPECT_TRUE(sentence.ends_with("move it down to line 5, where it is used")) << all << sentence;
    // What is above such a step is read by it.
    EXPECT_EQ(
        said({"DC1010", ("FROM debian:12\nARG GIT_SHA\nRUN " + all + "\nRUN make $GIT_SHA\n").c_str(), ""}),
        "")
        << all;
  }
  EXPECT_FALSE(said({"DC1010", (start + "RUN env A=b true\nRUN echo $GIT_SHA\n").c_str(), ""})
                   .ends_with("line 5, where it is used"));
}

TEST(Sentences, OfMisspeltVariables) {
  EXPECT_EQ(said({"UndefinedVar", "FROM debian:12\nENV PATH=/x:$PATHH\n", ""}),
            "PATHH is not set here: did you mean PATH?");
}

// What a rule finds first in a workflow with these steps, in a folder.
std::optional<lint::Diagnostic> found_in_workflow(const char* rule, const std::string& steps,
                                                  const test::TemporaryFolder& folder) {
  const lint::Config config = test::config_selecting({rule});
  const std::string text = "jobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n" + steps;
  lint::RelatedFile workflow(lint::RelatedFileKind::kWorkflow, folder / ".github/workflows/x.yml", text,
                             test::facts_of(folder));
  lint::Findings found = lint::Linter(lint::catalogue(), config).lint(workflow);
  if (found.diagnostics.empty()) return std::nullopt;
  return std::move(found.diagnostics.front());
}

TEST(Sentences, OfBuildsWithoutCache) {
  const test::TemporaryFolder folder;
  const auto remedy = [&](const std::string& steps) {
    const auto found = found_in_workflow("DC3002", steps, folder);
    return found ? found->remedy : "";
  };
  EXPECT_EQ(
      remedy("      - uses: docker/setup-buildx-action@v3\n      - uses: docker/build-push-action@v6\n"),
      "add cache-from: type=gha and cache-to: type=gha,mode=max");
  EXPECT_EQ(remedy("      - uses: docker/build-push-action@v6\n"),
            "add cache-from: type=gha and cache-to: type=gha,mode=max, and docker/setup-buildx-action before "
            "it; add "
            "load: true if a later step uses the image");
  EXPECT_EQ(remedy("      - uses: docker/setup-buildx-action@v3\n        with: {driver: docker}\n"
                   "      - uses: docker/build-push-action@v6\n"),
            "remove driver: docker, which stores no such cache without the containerd image store, and add "
            "cache-from: type=gha and cache-to: "
            "type=gha,mode=max; add load: true if a later step uses the image");
  EXPECT_EQ(
      remedy("      - run: docker build .\n"),
      "use docker/build-push-action with cache-from and cache-to, and docker/setup-buildx-action before "
      "it");
  const std::string setup = "      - uses: docker/setup-buildx-action@v3\n";
  const std::string build = "      - uses: docker/build-push-action@v6\n        with: ";
  EXPECT_EQ(remedy(setup + build + "{context: \"${{ matrix.name }}\"}\n"),
            "add cache-from: type=gha,scope=${{ matrix.name }} and cache-to: "
            "type=gha,mode=max,scope=${{ matrix.name }}");
  EXPECT_EQ(remedy(setup + build + "{context: web}\n" + build + "{file: Dockerfile.worker}\n"),
            "add cache-from: type=gha,scope=web and cache-to: type=gha,mode=max,scope=web");
  EXPECT_EQ(remedy(setup + build + "{context: .}\n" + build + "{file: Dockerfile.worker}\n"),
            "add cache-from: type=gha,scope=IMAGE and cache-to: type=gha,mode=max,scope=IMAGE");
  // Another workflow stores its cache in the same place.
  folder.write(".github/workflows/y.yml", "jobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n" + build +
                                              "{context: api, cache-to: type=gha}\n");
  EXPECT_EQ(remedy(setup + build + "{context: web}\n"),
            "add cache-from: type=gha,scope=web and cache-to: type=gha,mode=max,scope=web");
  EXPECT_EQ(remedy(setup + build + "{context: api}\n"),
            "add cache-from: type=gha and cache-to: type=gha,mode=max");
}

TEST(Sentences, OfDefinitionsWithoutCache) {
  const test::TemporaryFolder folder;
  folder.write("compose.yaml", "services:\n  api:\n    build: api\n  web:\n    build: web\n");
  folder.write("docker-bake.hcl", "group \"default\" { targets = [\"app\"] }\ntarget \"app\" {}\n");
  const auto said = [&](const std::string& steps) {
    const auto found = found_in_workflow("DC3002", steps, folder);
    return found ? found->sentence() : "";
  };
  EXPECT_EQ(said("      - run: docker compose build\n"),
            "service api (compose.yaml:2) and 1 more: every build runs all steps: this runner starts without "
            "a build "
            "cache: give it cache_from and cache_to in that file, with a cache of its own, and add "
            "docker/setup-buildx-action before it");
  EXPECT_EQ(
      said("      - uses: docker/setup-buildx-action@v3\n      - uses: docker/bake-action@v6\n"),
      "target app (docker-bake.hcl:2): every build runs all steps: this runner starts without a build cache: "
      "give it cache-from and cache-to in that file, with a cache of its own");
}

TEST(Sentences, OfLocalCaches) {
  const test::TemporaryFolder folder;
  const auto message = [&](const std::string& before) {
    const auto found = found_in_workflow("DC3006",
                                         before +
                                             "      - uses: docker/build-push-action@v6\n        with: "
                                             "{cache-from: 'type=local,src=/tmp/c/x', "
                                             "cache-to: 'type=local,dest=/tmp/c/x'}\n",
                                         folder);
    return found ? found->message : "";
  };
  const std::string kept =
      "the cache in /tmp/c/x grows with every build: old layers are never deleted from it";
  const std::string lost = "nothing keeps /tmp/c/x after the job: the next one finds no cache there";
  EXPECT_EQ(message(""), lost);
  const auto cached = [&](const std::string& inputs) {
    return message("      - uses: actions/cache@v4\n        with: {" + inputs + "}\n");
  };
  const std::string keys = ", key: 'k-${{ github.sha }}', restore-keys: k-";
  EXPECT_EQ(cached("path: /tmp/c" + keys), kept);
  EXPECT_EQ(cached("path: \"~/.npm\\n/tmp/c/x\"" + keys), kept);
  EXPECT_EQ(cached("path: '${{ env.C }}'" + keys), kept);
  EXPECT_EQ(cached("path: ~/.npm" + keys), lost);
  EXPECT_EQ(cached("path: /tmp/c, key: \"k-${{ hashFiles('go.sum') }}\""), kept);
  EXPECT_EQ(cached("path: /tmp/c, key: 'k-${{ github.sha }}'"),
            "/tmp/c/x is kept under a key that is new in each run (k-${{ github.sha }}): no run finds it");
  for (const char* key : {"k", "k-${{ runner.os }}"}) {
    EXPECT_EQ(
        cached(std::string("path: /tmp/c, key: '") + key + "'"),
        std::string("/tmp/c/x is kept once: the key '") + key +
            "' is the same in each run, and actions/cache stores nothing where it has an entry already");
  }
}

TEST(Sentences, OfTypographicQuotes) {
  constexpr const char* kPlainQuotes =
      "the quotes are typographic, as text processors write them: write plain double quotes (\")";
  for (const std::string_view instruction :
       {"RUN", "CMD", "ENTRYPOINT", "COPY", "SHELL", "HEALTHCHECK CMD"}) {
    const std::string text = "FROM debian:12\n" + std::string(instruction);
    const dockerfile::File file = dockerfile::parse(text + " [“a”, ‘/b’]\n");
    const lint::Linter linter(lint::catalogue(), {});
    const lint::Findings found = linter.lint(file, {});
    const auto finding = std::ranges::find(found.diagnostics, "DC4001", &lint::Diagnostic::rule);
    ASSERT_NE(finding, found.diagnostics.end()) << instruction;
    EXPECT_EQ(finding->remedy, kPlainQuotes);
    ASSERT_TRUE(finding->fix) << instruction;
    ASSERT_EQ(finding->fix->edits.size(), 1u);
    EXPECT_EQ(finding->fix->edits.front().replacement, "[\"a\", \"/b\"]") << instruction;
    EXPECT_EQ(std::ranges::count(found.diagnostics, "JSONArgsRecommended", &lint::Diagnostic::rule), 0);
  }
  for (const char* rule : {"JSONArgsRecommended", "DL3025"}) {
    EXPECT_NE(said({rule, "FROM debian:12\nCMD [“a”, “b”]\n", ""}).find(kPlainQuotes), std::string::npos);
  }
}

TEST(Sentences, OfCommandsOfWindows) {
  constexpr const char* kStarted = "a shell starts the program and does not pass signals on to it";
  const std::pair<const char*, const char*> kCommands[] = {
      {"dir", R"(["cmd", "/S", "/C", "dir"])"},
      {"Echo %PATH%", R"(["cmd", "/S", "/C", "Echo %PATH%"])"},
      {"app.exe --port 80", R"(["app.exe", "--port", "80"])"},
      {R"(C:\app\run.exe & b)", R"(["cmd", "/S", "/C", "C:\\app\\run.exe & b"])"},
  };
  for (const auto& [command, json] : kCommands) {
    const std::string text =
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nCMD " + std::string(command) + "\n";
    const std::string expected = std::string(kStarted) + ": write CMD " + json;
    EXPECT_EQ(said({"JSONArgsRecommended", text.c_str(), ""}), expected);
    EXPECT_EQ(said({"DL3025", text.c_str(), ""}), expected);
  }
  EXPECT_EQ(said({"DL3025",
                  "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nSHELL [\"pwsh\", \"-Command\"]\n"
                  "CMD dir\n",
                  ""}),
            std::string(kStarted) + R"(: write CMD ["pwsh", "-Command", "dir"])");
  EXPECT_EQ(said({"DC4014", "FROM a\nSHELL [\"pwsh\", \"-Command\"]\nRUN a; b\n", ""}),
            "PowerShell goes on after a command that fails, so the build does not notice it: write SHELL "
            "[\"pwsh\", \"-Command\", \"$ErrorActionPreference = 'Stop'; $ProgressPreference = "
            "'SilentlyContinue';\"]");
}

TEST(Sentences, OfClones) {
  constexpr Sentence kSentences[] = {
      {"DC1026",
       "FROM a\nRUN git clone https://e.com/a /src && cd /src && git checkout "
       "0123456789012345678901234567890123456789\n",
       "the builder can't cache on its own what git gets: write ADD "
       "https://e.com/a.git#0123456789012345678901234567890123456789 FOLDER, with --keep-git-dir=true if a "
       "step reads the history"},
      {"DC1026", "FROM a\nRUN git clone https://e.com/a /src && git -C /src checkout -q v1\n",
       "the builder does not see which commit git gets, and does not notice when the branch changes: write "
       "ADD "
       "https://e.com/a.git#v1 FOLDER, with --keep-git-dir=true if a step reads the history"},
      {"DC1026", "FROM a\nRUN git clone https://e.com/a /src && cd /src && git checkout -b mine origin/v1\n",
       "the builder does not see which commit git gets, and does not notice when the branch changes: write "
       "ADD "
       "https://e.com/a.git#v1 FOLDER, with --keep-git-dir=true if a step reads the history"},
  };
  for (const Sentence& one : kSentences)
    EXPECT_EQ(said(one), one.expected) << one.text;
}

TEST(Sentences, OfBuildsForTags) {
  const lint::Config config = test::config_selecting({"DC3002"});
  const lint::Linter linter(lint::catalogue(), config);
  const test::TemporaryFolder folder;
  const auto is_for_tags = [&](const std::string& on, const std::string& condition) {
    const std::string text = "on: " + on +
                             "\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    if: " + condition +
                             "\n    steps:\n      - uses: docker/build-push-action@v6\n";
    lint::RelatedFile workflow(lint::RelatedFileKind::kWorkflow, folder / ".github/workflows/x.yml", text,
                               test::facts_of(folder));
    return linter.lint(workflow).diagnostics.at(0).remedy.find("type=registry") != std::string::npos;
  };
  const char* kTags[][2] = {
      {"release", "true"},
      {"[release, workflow_dispatch]", "true"},
      {"{push: {tags: ['v*']}}", "true"},
      {"{push: {tags: ['v*']}, release: {types: [published]}}", "true"},
      {"push", "startsWith(github.ref, 'refs/tags/v')"},
      {"push", "${{ github.ref_type == 'tag' && github.repository == 'a/b' }}"},
      {"[push, release]", "github.event_name == 'release'"},
      {"{push: {tags: ['*']}, pull_request: {}}", "github.event_name == 'push'"},
      {"[push, release]",
       "(github.event_name == 'release' || startsWith(github.ref, 'refs/tags/')) && success()"},
  };
  for (const auto& [on, condition] : kTags)
    EXPECT_TRUE(is_for_tags(on, condition)) << on << " " << condition;
  const char* kOthers[][2] = {
      {"push", "true"},
      {"workflow_dispatch", "true"},
      {"{workflow_dispatch: {inputs: {releaseBranch: {required: true}}}}", "true"},
      {"{push: {paths: [releaseVersion, tags]}}", "true"},
      {"{push: {branches: [main, release/next]}}", "true"},
      {"{push: {branches: [main], tags: ['v*']}}", "true"},
      {"{schedule: [{cron: '0 1 * * *'}], push: {tags: ['v*']}}", "true"},
      {"[push, release]", "github.event_name == 'release' || github.ref == 'refs/heads/main'"},
      {"push", "\"!startsWith(github.ref, 'refs/tags/v')\""},
      {"push", "github.event_name == 'push'"},
  };
  for (const auto& [on, condition] : kOthers)
    EXPECT_FALSE(is_for_tags(on, condition)) << on << " " << condition;
}

}  // namespace
}  // namespace dcache
