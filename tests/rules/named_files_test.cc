// DC1001's fix where an install reads more than its manifests: what they, its command, variables and settings
// name comes along, or there is no fix; and a fix that is safe only if nothing else is read.
#include <gtest/gtest.h>

#include "rules/plain_programs.h"
#include "tests/lint/lint_testing.h"

namespace dcache {
namespace {

using NamedFile = std::pair<std::string, std::string>;

struct NamedCase {
  std::vector<NamedFile> files;
  std::string text;  // below FROM and WORKDIR /app
  // "safe" or "unsafe", and the lines that come in the place of the COPY; "no fix" or "none".
  std::string expected;
};

std::string offered(const NamedCase& one) {
  const test::TemporaryFolder folder;
  folder.write("src/a", "");
  folder.write(".dockerignore", "node_modules\nvendor\n.venv\n");
  for (const auto& [path, text] : one.files)
    folder.write(path, text);
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
  const dockerfile::File file = dockerfile::parse("FROM a\nWORKDIR /app\n" + one.text);
  const lint::Findings findings = linter.lint(file, test::facts_of(folder));
  EXPECT_TRUE(findings.bad_fixes.empty()) << one.text;
  if (findings.diagnostics.empty()) return "none";
  const auto& fix = findings.diagnostics.front().fix;
  if (!fix) return "no fix";
  std::string said = fix->is_safe() ? "safe" : "unsafe";
  for (const std::string& line : fix->added) {
    if (line.starts_with("COPY") && line != "COPY . ." && line != "COPY . /") said += "; " + line;
  }
  return said;
}

void expect_offered(const std::vector<NamedCase>& cases) {
  for (const NamedCase& one : cases)
    EXPECT_EQ(offered(one), one.expected) << one.text << (one.files.empty() ? "" : one.files.front().second);
}

const std::string kPip = "COPY . .\nRUN pip install -r requirements.txt\n";
const NamedFile kList = {"requirements.txt", "flask==3.0\n"};

NamedCase with_gemfile(const std::string& gemfile, std::vector<NamedFile> others,
                       const std::string& expected) {
  std::vector<NamedFile> files = {
      {"Gemfile", gemfile}, {"Gemfile.lock", "GEM\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rails (~> 7.1)\n"}};
  files.insert(files.end(), others.begin(), others.end());
  return {files, "COPY . .\nRUN bundle install\n", expected};
}

TEST(NamedFiles, OfAGemfileComeAlong) {
  const std::string source = "source \"https://rubygems.org\"\n";
  expect_offered({
      with_gemfile(source + "gem \"rails\", \"~> 7.1\", require: false\n", {},
                   "safe; COPY Gemfile Gemfile.lock ./"),
      with_gemfile(source + "V = YAML.load_file(\"config/versions.yml\")\ngem \"x\", V[\"x\"]\n",
                   {{"config/versions.yml", ""}},
                   "unsafe; COPY Gemfile Gemfile.lock ./; COPY config/versions.yml ./config/"),
      with_gemfile(source + "ruby open(\"VERSION\", &:gets).strip\n", {{"VERSION", ""}},
                   "unsafe; COPY Gemfile Gemfile.lock VERSION ./"),
      with_gemfile(source + "ruby `cat VERSION`.strip\n", {{"VERSION", ""}},
                   "unsafe; COPY Gemfile Gemfile.lock VERSION ./"),
      with_gemfile(source + "require \"./config/gems\"\n", {{"config/gems.rb", ""}},
                   "unsafe; COPY Gemfile Gemfile.lock ./; COPY config/gems.rb ./config/"),
      with_gemfile(source + "eval_gemfile \"Gemfile.all\"\n",
                   {{"Gemfile.all", "eval_gemfile \"Gemfile.more\"\n"}, {"Gemfile.more", ""}},
                   "unsafe; COPY Gemfile Gemfile.lock Gemfile.all Gemfile.more ./"),
      with_gemfile(source + "ruby file: \".ruby-version\"\n", {{".ruby-version", ""}},
                   "unsafe; COPY Gemfile Gemfile.lock .ruby-version ./"),
      with_gemfile(source + "Dir.glob(\"*/gems.rb\") { |f| instance_eval(f) }\n", {}, "no fix"),
      with_gemfile(source + "ruby %x(./version)\n", {}, "no fix"),
      with_gemfile(source + "require_relative \"lib/x\"\n", {}, "no fix"),
      with_gemfile(source + "gem \"a\", path: \"a\"\n", {}, "no fix"),
      with_gemfile(source + "gem \"a\", Names.first\n", {}, "unsafe; COPY Gemfile Gemfile.lock ./"),
  });
}

TEST(PlainPrograms, AreGemfilesThatOnlyListPackages) {
  for (const char* text : {
           "# frozen_string_literal: true\nsource \"https://rubygems.org\"\n"
           "git_source(:github) { |repo| \"https://github.com/#{repo}.git\" }\nruby \"3.2.2\"\n",
           "source 'https://rubygems.org'\ngroup :development, :test do\n  gem 'byebug', platforms: "
           "[:mri]\nend\n",
           "gem \"debug\", platforms: %i[ mri windows ], require: \"debug/prelude\"\n",
           "gem 'a', :git => 'https://h/a.git', :branch => \"main\"\n",
           "gem \"b\", git: \"git@github.com:x/b.git\"\n",
           "rails = ENV.fetch(\"RAILS\", \"7.1\")\ngem \"rails\", \"~> #{rails}\"\n",
           "gem \"x\" if RUBY_VERSION >= \"3.0\" && ENV[\"CI\"]\n",
           "source \"https://#{ENV.fetch(\"TOKEN\", \"\")}@gems.example\" do\n  gem \"y\"\nend\n",
       })
    EXPECT_TRUE(rules::is_plain_gemfile(text)) << text;
  for (const char* text : {
           "gem \"a\", git: \"vendor/a\"\n",
           "gem \"a\", :git => \"file:///app/a\"\n",
           "gemspec\n",
           "gem \"a\", path: \"a\"\n",
           "plugin \"a\"\n",
           "x = __dir__\n",
           "ruby file: \".ruby-version\"\n",
           "gem \"a\", \"#{File.read(\"V\")}\"\n",
           "gem %x(cat a)\n",
           "ruby `cat V`\n",
           "require \"./a\"\n",
           "source \"https://a\"\ngem Helper.name\n",
           "git \"a\" do\nend\n",
           "gem \"#{ENV\n",
       })
    EXPECT_FALSE(rules::is_plain_gemfile(text)) << text;
}

TEST(PlainPrograms, AreMixFilesThatOnlyDescribeAProject) {
  const std::string head = "defmodule Hello.MixProject do\n  use Mix.Project\n\n  @version \"0.1.0\"\n";
  const std::string tail =
      "  def project do\n    [\n      app: :hello,\n      version: @version,\n"
      "      elixirc_paths: elixirc_paths(Mix.env()),\n      start_permanent: Mix.env() == :prod,\n"
      "      deps: deps()\n    ]\n  end\n"
      "  def application do\n    [mod: {Hello.Application, []}, extra_applications: [:logger]]\n  end\n"
      "  defp elixirc_paths(:test), do: [\"lib\", \"test/support\"]\n  defp elixirc_paths(_), do: [\"lib\"]\n"
      "  defp deps do\n    [\n      {:phoenix, \"~> 1.7\"},\n      {:jason, \">= 0.0.0\", only: ~w(dev "
      "test)a},\n"
      "      {:icons, github: \"a/icons\", app: false, depth: 1}\n    ]\n  end\nend\n";
  EXPECT_TRUE(rules::is_plain_mix_file(head + tail));
  for (const char* more :
       {"  @v File.read!(\"VERSION\")\n", "  @v :file.read_file(\"V\")\n", "  Code.require_file(\"v.ex\")\n",
        "  use Other\n", "  import Other\n", "  @v System.cmd(\"git\", [])\n", "  @v helper(\"V\")\n",
        "  @v \"#{File.read!(\"V\")}\"\n", "  @v __DIR__\n",
        "  defp aliases, do: [\"deps.get\": [\"cmd ./x.sh\", \"deps.get\"]]\n",
        "  @v Enum.map(x, &File.read!/1)\n"})
    EXPECT_FALSE(rules::is_plain_mix_file(head + more + tail)) << more;
}

TEST(NamedFiles, OfAMixFileComeAlong) {
  expect_offered({
      {{{"mix.exs",
         "Code.require_file(\"lib/v.ex\")\ndefmodule A do\n def project, do: [deps: [{:x, \"1\"}]]\nend\n"},
        {"mix.lock", ""},
        {"lib/v.ex", ""},
        {".dockerignore", "deps\n"}},
       "COPY . .\nRUN mix deps.get\n",
       "unsafe; COPY mix.exs mix.lock ./; COPY lib/v.ex ./lib/"},
      {{{"mix.exs", "defmodule A do\n def project, do: [deps: [{:x, \"1\"}]]\nend\n"},
        {"mix.lock", ""},
        {".dockerignore", "deps\n"}},
       "COPY . .\nRUN mix deps.get --check-locked\n",
       "safe; COPY mix.exs mix.lock ./"},
      // It writes the lock file that the sources then bring again.
      {{{"mix.exs", "defmodule A do\n def project, do: [deps: [{:x, \"1\"}]]\nend\n"},
        {"mix.lock", ""},
        {".dockerignore", "deps\n"}},
       "COPY . .\nRUN mix deps.get\n",
       "unsafe; COPY mix.exs mix.lock ./"},
  });
}

std::string with_dependency(const std::string& more) {
  return "defmodule A do\n  def project, do: [deps: deps(), aliases: [\"ecto.setup\": [\"ecto.load\", \"run "
         "priv/repo/seeds.exs\"]]]\n  defp deps, do: [{:x, \"1\"}, " +
         more + "]\nend\n";
}

// `mix deps.get` reads no file that the name of a task has, and of a dependency with a path its mix.exs.
TEST(NamedFiles, OfDependenciesOfMixComeAlong) {
  const auto of = [](const std::string& mix, const std::string& expected) {
    return NamedCase{{{"mix.exs", mix},
                      {"mix.lock", ""},
                      {"priv/repo/seeds.exs", ""},
                      {"libs/a/mix.exs", "defmodule B do\nend\n"},
                      {"libs/a/lib/a.ex", ""},
                      {"apps/c/mix.exs", "defmodule C do\nend\n"},
                      {".dockerignore", "deps\n"}},
                     "COPY . .\nRUN mix deps.get --check-locked\n",
                     expected};
  };
  expect_offered({
      of(with_dependency("{:y, \"1\"}"), "safe; COPY mix.exs mix.lock ./"),
      of(with_dependency("{:y, path: \"libs/a\"}"),
         "unsafe; COPY mix.exs mix.lock ./; COPY libs/a/mix.exs ./libs/a/"),
      of(with_dependency("{:y, \"1\"}\n  # {:z, path: \"libs/a\"}\n"), "safe; COPY mix.exs mix.lock ./"),
      of(with_dependency("{:y, path: \"libs/none\"}"), "no fix"),
      of(with_dependency("{:y, path: System.get_env(\"Y\")}"), "no fix"),
      of("defmodule A do\n  def project, do: [apps_path: \"apps\", deps: []]\nend\n",
         "unsafe; COPY mix.exs mix.lock ./; COPY apps/c/mix.exs ./apps/c/"),
  });
}

TEST(NamedFiles, AreCalledByTheManifestThatNamesThem) {
  const test::TemporaryFolder folder;
  folder.write("mix.exs", with_dependency("{:y, path: y()}"));
  for (const char* path : {"mix.lock", "config/config.exs", "priv/repo/seeds.exs"})
    folder.write(path, "");
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
  const dockerfile::File file = dockerfile::parse(
      "FROM a\nWORKDIR /app\nCOPY mix.exs mix.lock ./\nCOPY config config\nRUN mix deps.get\n");
  const lint::Findings findings = linter.lint(file, test::facts_of(folder));
  ASSERT_EQ(findings.diagnostics.size(), 1U);
  EXPECT_EQ(findings.diagnostics.front().remedy,
            "copy the local files that mix.exs refers to first, install, then copy the rest");
}

TEST(NamedFiles, OfTheHomeOfTheUserComeAlong) {
  const NamedFile package = {"package.json", "{}"}, lock = {"package-lock.json", "{}"};
  const NamedFile settings = {".config/pip/pip.conf", ""};
  const std::string with_settings =
      "unsafe; COPY requirements.txt ./; COPY .config/pip/pip.conf ./.config/pip/";
  expect_offered({
      {{kList, settings}, "ENV HOME=/app\n" + kPip, with_settings},
      {{kList, settings}, "WORKDIR /root\n" + kPip, with_settings},
      // Elsewhere nobody reads them.
      {{kList, settings}, kPip, "safe; COPY requirements.txt ./"},
      // Where another user is at home, the base image says.
      {{kList, settings}, "USER app\n" + kPip, with_settings},
      {{package, lock, {".gitconfig", ""}, {".ssh/config", ""}},
       "WORKDIR /root\nCOPY . .\nRUN npm ci\n",
       "unsafe; COPY package.json package-lock.json .gitconfig ./; COPY .ssh/config ./.ssh/"},
      // Passwords get no COPY of their own.
      {{package, lock, {".netrc", ""}}, "WORKDIR /root\nCOPY . .\nRUN npm ci\n", "no fix"},
      {{kList, {"etc/pip.conf", ""}, {"root/.pip/pip.conf", ""}},
       "WORKDIR /\nCOPY . /\nRUN pip install -r requirements.txt\n",
       "unsafe; COPY requirements.txt /; COPY etc/pip.conf /etc/; COPY root/.pip/pip.conf /root/.pip/"},
      {{kList, {"usr/local/bin/gcc", ""}},
       "WORKDIR /\nCOPY . /\nRUN pip install -r requirements.txt\n",
       "unsafe; COPY requirements.txt /"},
      {{kList},
       "WORKDIR /\nCOPY . /\nRUN pip install -r requirements.txt\n",
       "safe; COPY requirements.txt /"},
  });
}

TEST(NamedFiles, OfRequirementsComeAlong) {
  const auto list = [](const std::string& text, std::vector<NamedFile> files, const std::string& expected) {
    files.insert(files.begin(), {"requirements.txt", text + "\nflask\n"});
    return NamedCase{files, kPip, expected};
  };
  const std::string first = "unsafe; COPY requirements.txt ./; COPY ";
  expect_offered({
      list("--index-url ./simple", {{"simple/a", ""}}, first + "simple ./simple"),
      list("--index-url https://a.example/simple --trusted-host a.example", {},
           "safe; COPY requirements.txt ./"),
      list("-i simple", {{"simple/a", ""}}, first + "simple ./simple"),
      list("--extra-index-url=simple", {}, "no fix"),
      list("-f wheels", {{"wheels/a.whl", ""}}, first + "wheels ./wheels"),
      list("--pre --find-links ./wheels", {{"wheels/a.whl", ""}}, first + "wheels ./wheels"),
      list("--find-links wheels", {}, "no fix"),
      list("wheels/a.whl", {{"wheels/a.whl", ""}}, first + "wheels/a.whl ./wheels/"),
      list("a-1.0-py3-none-any.whl", {{"a-1.0-py3-none-any.whl", ""}},
           "unsafe; COPY requirements.txt a-1.0-py3-none-any.whl ./"),
      list("libs/a[x] ; python_version > '3'", {{"libs/a/setup.py", ""}}, first + "libs/a ./libs/a"),
      list("-e libs/a", {{"libs/a/setup.py", ""}}, first + "libs/a ./libs/a"),
      list("a @ ./libs/a", {{"libs/a/setup.py", ""}}, first + "libs/a ./libs/a"),
      list("a@file:///app/libs/a", {{"libs/a/setup.py", ""}}, first + "libs/a ./libs/a"),
      list("-e ./libs/a", {}, "no fix"),
      list("-e .", {}, "none"),
      list("-c constraints.txt", {{"constraints.txt", ""}},
           "unsafe; COPY requirements.txt constraints.txt ./"),
      list("a @ git+https://h.example/a.git@main", {}, "unsafe; COPY requirements.txt ./"),
      {{{"reqs/all.txt", "--find-links ../wheels\nx\n"}, {"wheels/a.whl", ""}},
       "COPY . .\nRUN pip install -r reqs/all.txt\n",
       "unsafe; COPY reqs/all.txt ./reqs/; COPY wheels ./wheels"},
  });
}

TEST(NamedFiles, OfCommandsAndVariablesComeAlong) {
  const std::string first = "unsafe; COPY requirements.txt ./; COPY ";
  const NamedFile wheel = {"wheels/a.whl", ""}, constraints = {"constraints.txt", "-r more.txt\n"},
                  more = {"more.txt", ""};
  expect_offered({
      {{kList, wheel},
       "COPY . .\nRUN pip install --no-index --find-links=wheels -r requirements.txt\n",
       first + "wheels ./wheels"},
      {{kList, wheel},
       "COPY . .\nRUN pip install --no-index -f ./wheels -r requirements.txt\n",
       first + "wheels ./wheels"},
      {{kList, wheel},
       "COPY . .\nRUN pip install -r requirements.txt wheels/a.whl\n",
       first + "wheels/a.whl ./wheels/"},
      {{kList, {"ca.pem", ""}},
       "COPY . .\nRUN pip install --cert ca.pem -r requirements.txt\n",
       "unsafe; COPY requirements.txt ca.pem ./"},
      {{kList}, "COPY . .\nRUN pip install -r requirements.txt .\n", "no fix"},
      {{kList, {"lib/x", ""}},
       "COPY . .\nRUN pip install --root lib -r requirements.txt\n",
       "unsafe; COPY requirements.txt ./"},
      {{kList, constraints, more},
       "ENV PIP_CONSTRAINT=constraints.txt\n" + kPip,
       "unsafe; COPY requirements.txt more.txt constraints.txt ./"},
      {{kList, wheel}, "ENV PIP_FIND_LINKS=/app/wheels\n" + kPip, first + "wheels ./wheels"},
      {{kList}, "ARG PIP_CONSTRAINT\n" + kPip, "unsafe; COPY requirements.txt ./"},
      {{kList}, "ARG PIP_INDEX_URL\n" + kPip, "safe; COPY requirements.txt ./"},
      {{{"package.json", "{}"}, {"package-lock.json", "{}"}, {"config/npmrc", ""}},
       "COPY . .\nRUN npm ci --userconfig=config/npmrc\n",
       "unsafe; COPY package.json package-lock.json ./; COPY config/npmrc ./config/"},
      {{{"package.json", "{}"}, {"package-lock.json", "{}"}, {"pre.js", ""}},
       "ENV NODE_OPTIONS=\"--require ./pre.js\"\nCOPY . .\nRUN npm ci\n",
       "unsafe; COPY package.json package-lock.json pre.js ./"},
  });
}

TEST(NamedFiles, OfSettingsComeAlong) {
  const NamedFile package = {"package.json", "{}"};
  const NamedFile yarn = {"yarn.lock", "# yarn lockfile v1\n"}, pnpm = {"pnpm-lock.yaml", ""};
  expect_offered({
      {{package, yarn, {".yarnclean", "docs\n"}},
       "COPY . .\nRUN yarn install --frozen-lockfile\n",
       "safe; COPY package.json yarn.lock .yarnclean ./"},
      {{package, yarn, {".yarnrc", "yarn-offline-mirror \"./mirror\"\n"}, {"mirror/a.tgz", ""}},
       "COPY . .\nRUN yarn install\n",
       "unsafe; COPY package.json yarn.lock .yarnrc ./; COPY mirror ./mirror"},
      {{package, pnpm, {".npmrc", "cafile=certs/ca.pem\n"}, {"certs/ca.pem", ""}},
       "COPY . .\nRUN pnpm install\n",
       "unsafe; COPY package.json pnpm-lock.yaml .npmrc ./; COPY certs/ca.pem ./certs/"},
      {{package, pnpm, {".pnpmfile.cjs", "module.exports = {hooks: {readPackage: p => p}}\n"}},
       "COPY . .\nRUN pnpm install --frozen-lockfile\n",
       "unsafe; COPY package.json pnpm-lock.yaml .pnpmfile.cjs ./"},
      {{package, pnpm, {".pnpmfile.cjs", "const x = require('./hooks/x')\n"}, {"hooks/x.js", ""}},
       "COPY . .\nRUN pnpm install --frozen-lockfile\n",
       "unsafe; COPY package.json pnpm-lock.yaml .pnpmfile.cjs ./; COPY hooks/x.js ./hooks/"},
      {{{"a.csproj", ""},
        {"nuget.config", "<packageSources><add key=\"l\" value=\"local\"/></packageSources>"},
        {"local/x.nupkg", ""}},
       "COPY . .\nRUN dotnet restore\n",
       "unsafe; COPY a.csproj nuget.config ./; COPY local ./local"},
      {{{"a.csproj", ""},
        {"nuget.config", "<packageSources><add key=\"l\" value=\"local\"/></packageSources>"}},
       "COPY . .\nRUN dotnet restore\n",
       "no fix"},
      {{{"a.csproj", ""},
        {"nuget.config",
         "<packageSources><add key=\"l\" value=\"https://l.example\"/></packageSources>"
         "<packageSourceCredentials><l><add key=\"Username\" "
         "value=\"local\"/></l></packageSourceCredentials>"}},
       "COPY . .\nRUN dotnet restore\n",
       "unsafe; COPY a.csproj nuget.config ./"},
      {{{"a/a.csproj", "<Import Project=\"..\\build\\x.props\"/>"}, {"build/x.props", ""}},
       "COPY . .\nRUN dotnet restore\n",
       "unsafe; COPY a/a.csproj ./a/; COPY build/x.props ./build/"},
      {{{"pom.xml", ""}, {".mvn/maven.config", "-s\nci/settings.xml\n"}, {"ci/settings.xml", ""}},
       "COPY . .\nRUN mvn dependency:go-offline\n",
       "unsafe; COPY pom.xml ./; COPY ci/settings.xml ./ci/; COPY .mvn ./.mvn"},
      {{{"build.gradle", "apply from: 'gradle/deps.gradle'\n"}, {"gradle/deps.gradle", ""}},
       "COPY . .\nRUN gradle dependencies\n",
       "unsafe; COPY build.gradle ./; COPY gradle/deps.gradle ./gradle/"},
      {{{"build.gradle", ""}, {"settings.gradle", "includeBuild 'logic'\n"}, {"logic/src/A.java", ""}},
       "COPY . .\nRUN gradle dependencies\n",
       "unsafe; COPY build.gradle settings.gradle ./; COPY logic ./logic"},
  });
}

TEST(NamedFiles, OfComposerComeAlong) {
  const std::string text = "COPY . .\nRUN composer install --no-scripts --no-autoloader\n";
  const std::string first = "unsafe; COPY composer.json composer.lock ./; COPY ";
  const NamedFile lock = {"composer.lock", "{}"};
  const auto composer = [&](const std::string& json, std::vector<NamedFile> files,
                            const std::string& expected) {
    files.insert(files.begin(), {{"composer.json", json}, lock});
    return NamedCase{files, text, expected};
  };
  expect_offered({
      composer("{\"require\":{\"a/b\":\"1\"}}", {}, "safe; COPY composer.json composer.lock ./"),
      composer("{\"require\":{\"symfony/flex\":\"2\"}}", {{"symfony.lock", "{}"}},
               "unsafe; COPY composer.json composer.lock symfony.lock ./"),
      composer("{\"config\":{\"allow-plugins\":{\"x/y\":true}}}", {},
               "unsafe; COPY composer.json composer.lock ./"),
      composer("{\"config\":{\"allow-plugins\":{\"pestphp/pest-plugin\":true,\"x/y\":false}}}", {},
               "safe; COPY composer.json composer.lock ./"),
      composer(
          "{\"extra\":{\"merge-plugin\":{\"require\":[\"m/*/composer.json\",\"composer.local.json\"]}}}",
          {{"composer.local.json", "{}"}, {"m/a/composer.json", "{}"}},
          "unsafe; COPY composer.json composer.lock composer.local.json ./; COPY m/a/composer.json ./m/a/"),
      composer("{\"extra\":{\"drupal-scaffold\":{\"file-mapping\":{\"[web-root]/.htaccess\":\"assets/"
               "htaccess\"}}}}",
               {{"assets/htaccess", ""}}, first + "assets/htaccess ./assets/"),
      composer("{\"extra\":{\"patches\":{\"a/b\":{\"x\":\"patches/a.patch\"}}}}", {{"patches/a.patch", ""}},
               first + "patches/a.patch ./patches/"),
      composer("{\"extra\":{\"patches-file\":\"p.json\"}}",
               {{"p.json", "{\"patches\":{\"a/b\":{\"x\":\"fixes/a.patch\"}}}"}, {"fixes/a.patch", ""}},
               "unsafe; COPY composer.json composer.lock p.json ./; COPY fixes/a.patch ./fixes/"),
      composer("{\"repositories\":[{\"type\":\"path\",\"url\":\"packages/*\"}]}",
               {{"packages/a/composer.json", "{}"}}, first + "packages ./packages"),
      composer("{\"repositories\":[{\"type\":\"artifact\",\"url\":\"zips\"}]}", {}, "no fix"),
      composer("{\"repositories\":{\"a\":{\"type\":\"vcs\",\"url\":\"git@h.example:a/b.git\"}}}", {},
               "safe; COPY composer.json composer.lock ./"),
      {{{"composer.json", "{}"},
        {"composer.lock", "{\"packages\":[{\"name\":\"x/y\",\"type\":\"composer-plugin\"}]}"}},
       text,
       "unsafe; COPY composer.json composer.lock ./"},
  });
}

TEST(NamedFiles, OfPythonProjectsComeAlong) {
  const NamedFile lock = {"uv.lock", ""};
  const std::string uv = "COPY . .\nRUN uv sync --frozen --no-install-project\n";
  const std::string poetry = "COPY . .\nRUN poetry install --no-root\n";
  expect_offered({
      {{{"pyproject.toml", "[tool.uv.sources]\na = { path = \"libs/a\" }\n"},
        lock,
        {"libs/a/pyproject.toml", ""}},
       uv,
       "unsafe; COPY pyproject.toml uv.lock ./; COPY libs/a ./libs/a"},
      {{{"pyproject.toml", "[tool.uv.sources.a]\npath = \"libs/a\"\n"}, lock}, uv, "no fix"},
      {{{"pyproject.toml", "[tool.uv]\nfind-links = [\"wheels\"]\n"}, lock, {"wheels/a.whl", ""}},
       uv,
       "unsafe; COPY pyproject.toml uv.lock ./; COPY wheels ./wheels"},
      {{{"pyproject.toml", "[[tool.uv.index]]\nurl = \"https://p.example\"\n"},
        lock,
        {".python-version", "3.12\n"}},
       uv,
       "safe; COPY pyproject.toml uv.lock .python-version ./"},
      {{{"pyproject.toml", "[tool.poetry.dependencies]\na = {path = \"../a\", develop = true}\n"}},
       poetry,
       "no fix"},
      {{{"pyproject.toml", "[tool.poetry.group.dev.dependencies]\na = {path = \"a\"}\n"}, {"a/a.py", ""}},
       poetry,
       "unsafe; COPY pyproject.toml ./; COPY a ./a"},
      {{{"pyproject.toml", "[tool.hatch.version]\npath = \"src/a/__init__.py\"\n"}, lock},
       uv,
       "unsafe; COPY pyproject.toml uv.lock ./"},
      {{kList, {"pyproject.toml", "[tool.uv]\nindex-url = \"https://p.example\"\n"}},
       "COPY . .\nRUN uv pip install -r requirements.txt\n",
       "unsafe; COPY requirements.txt pyproject.toml ./"},
      {{kList, {"pyproject.toml", "[tool.black]\n"}},
       "COPY . .\nRUN uv pip install -r requirements.txt\n",
       "safe; COPY requirements.txt ./"},
      {{{"Pipfile", "[packages]\na = {path = \".\"}\n"}, {"Pipfile.lock", "{}"}},
       "COPY . .\nRUN pipenv sync\n",
       "no fix"},
  });
}

TEST(NamedFiles, OfGoModulesComeAlong) {
  const std::string text = "COPY . .\nRUN go mod download\n";
  const NamedFile sums = {"go.sum", ""}, other = {"c/go.mod", "module c\n"};
  const std::string both = "unsafe; COPY go.mod go.sum ./; COPY c/go.mod ./c/";
  expect_offered({
      {{{"go.mod", "module x\nreplace c.d/c => \"./c\"\n"}, sums, other}, text, both},
      {{{"go.mod", "module x\nreplace c.d/c => /app/c\n"}, sums, other}, text, both},
      {{{"go.mod", "module x\nreplace (\n\tc.d/c v1.0.0 => `./c` // here\n)\n"}, sums, other}, text, both},
      {{{"go.mod", "module x\nreplace c.d/c => ./none\n"}, sums}, text, "no fix"},
      {{{"go.mod", "module x\nreplace c.d/c => e.f/c v1.0.0\n// replace a => ./b\n"}, sums},
       text,
       "safe; COPY go.mod go.sum ./"},
      {{{"go.work", "use \"./c\"\nreplace g => ./g\n"}, other, {"g/go.mod", "module g\n"}},
       text,
       "unsafe; COPY go.work ./; COPY c/go.mod ./c/; COPY g/go.mod ./g/"},
      {{{"go.work", "use (\n\t./c\n\t./none\n)\n"}, other}, text, "no fix"},
  });
}

TEST(NamedFiles, AreNotMadeUpForCargo) {
  const NamedFile lock = {"Cargo.lock", ""};
  const std::string package = "[package]\nname = \"a\"\n";
  const auto crate = [&](const std::string& more) {
    return NamedCase{{{"Cargo.toml", package + more}, lock, {"src/main.rs", ""}},
                     "COPY . .\nRUN cargo build --release\n",
                     "no fix"};
  };
  expect_offered({crate("default-run=\"a\"\n"), crate("build=\"build.rs\"\n"), crate("links=\"z\"\n"),
                  crate("autolib=false\n"), crate("[lib]\npath=\"lib.rs\"\n"), crate("[[bin]]\nname=\"b\"\n"),
                  crate("[dependencies]\nz={path=\"z\"}\n")});
  NamedCase with_crate = crate("[dependencies]\nz={path=\"z\"}\n");
  with_crate.files.push_back({"z/Cargo.toml", "[package]\nname=\"z\"\n"});
  with_crate.expected = "unsafe; COPY Cargo.toml Cargo.lock ./; COPY z/Cargo.toml ./z/";
  NamedCase alone = crate("autobins=false\n");
  alone.files.push_back({"rust-toolchain.toml", ""});
  alone.expected = "unsafe; COPY Cargo.toml Cargo.lock rust-toolchain.toml ./";
  expect_offered({with_crate, alone});
}

// Only manifests are those of members.
TEST(NamedFiles, AreNamedInTheRemedy) {
  const test::TemporaryFolder folder;
  folder.write("src/a", "");
  folder.write("composer.json", "{\"extra\":{\"patches\":[\"p/1\",\"p/2\",\"p/3\",\"p/4\"]}}");
  for (const char* patch : {"p/1", "p/2", "p/3", "p/4"})
    folder.write(patch, "");
  const lint::Linter linter(lint::catalogue(), test::config_selecting({"DC1001"}));
  const dockerfile::File file = dockerfile::parse("FROM a\nWORKDIR /app\nCOPY . .\nRUN composer install\n");
  const std::string remedy = linter.lint(file, test::facts_of(folder)).diagnostics.at(0).remedy;
  EXPECT_NE(remedy.find("copy composer.json, p/1, p/2, p/3 and p/4 first"), std::string::npos) << remedy;
}

TEST(NamedFiles, OfMembersOfAWorkspaceComeAlong) {
  expect_offered(
      {{{{"package.json", "{}"},
         {"pnpm-workspace.yaml", "packages:\n  - p/*\n"},
         {"p/a/package.json", "{}"},
         {"p/a/.npmrc", "registry=https://r.example\n"}},
        "COPY . .\nRUN pnpm install\n",
        "unsafe; COPY package.json pnpm-workspace.yaml ./; COPY p/a/.npmrc p/a/package.json ./p/a/"}});
}

}  // namespace
}  // namespace dcache
