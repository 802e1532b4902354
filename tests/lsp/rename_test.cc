// Other names for what a Dockerfile calls stages and variables: the build stays the same, or an error says
// why it would not.
#include <algorithm>

#include "tests/lsp/lsp_client.h"

namespace dcache {
namespace {

using nlohmann::json;
using test::LspClient;

struct Renaming {
  std::string text;  // with `|` before what is renamed
  std::string name;
  std::string expected;  // the text, or a part of the error after "error: "
};

std::string text_after(std::string text, json edits) {
  std::ranges::reverse(edits);
  for (json& edit : edits)
    edit["text"] = edit.at("newText");
  return test::changed(std::move(text), edits);
}

void expect(const Renaming& one, const std::string& path = "/nowhere/Dockerfile",
            const std::string& language = "dockerfile") {
  std::string text = one.text;
  const size_t cursor = text.find('|');
  ASSERT_NE(cursor, std::string::npos) << text;
  text.erase(cursor, 1);
  LspClient client;
  client.start(json::object(), {{"initializationOptions", {{"shellcheck", false}}}});
  client.open(path, text, language);
  const lsp::Positions positions(text, lsp::Encoding::kUtf16);
  const json answer = client.request("textDocument/rename",
                                     {{"textDocument", {{"uri", lsp::uri_of(path)}}},
                                      {"position", positions.position_of(static_cast<uint32_t>(cursor))},
                                      {"newName", one.name}});
  if (one.expected.starts_with("error: ")) {
    ASSERT_TRUE(answer.contains("error")) << one.text << answer.dump();
    const std::string message = answer.at("error").at("message");
    EXPECT_NE(message.find(one.expected.substr(7)), std::string::npos) << one.text << message;
    return;
  }
  ASSERT_TRUE(answer.contains("result")) << one.text << answer.dump();
  EXPECT_EQ(text_after(text, answer.at("result").at("changes").at(lsp::uri_of(path))), one.expected);
}

TEST(Rename, ChangesBothEndsOfAHeredoc) {
  for (const Renaming& one : std::initializer_list<Renaming>{
           {"FROM a\nCOPY <<|EOF /x\nEOF1\nEOF\n", "END", "FROM a\nCOPY <<END /x\nEOF1\nEND\n"},
           {"FROM a\nCOPY <<EOF /x\na\n|EOF\n", "END", "FROM a\nCOPY <<END /x\na\nEND\n"},
           {"FROM a\nRUN <<-\"|EOF\"\n\techo EOF\n\tEOF\n", "END",
            "FROM a\nRUN <<-\"END\"\n\techo EOF\n\tEND\n"},
           {"FROM a\nRUN <<A <<|B cat\nA\nB\n", "C", "FROM a\nRUN <<A <<C cat\nA\nC\n"},
           {"FROM a\nONBUILD RUN <<|EOF\na\nEOF\n", "END", "FROM a\nONBUILD RUN <<END\na\nEND\n"},
           {"FROM a\nCOPY <<|EOF /x/\na\nEOF\n", "END", "error: makes a file with the name of the heredoc"},
           {"FROM a\nCOPY <<|EOF x /y\na\nEOF\n", "END", "error: makes a file with the name"},
           {"FROM a\nRUN <<A <<|B cat\nA\nB\n", "A", "error: has a heredoc of that name"},
           {"FROM a\nCOPY <<-|EOF /x\n\tEND\nEOF\n", "END", "error: is END, and would end it"},
           {"FROM a\nCOPY <<|EOF /x\na\nEOF\n", "a b", "error: the name of a heredoc"}})
    expect(one);
}

TEST(Rename, ChangesOnlyWhatMeansTheVariable) {
  const std::string from = "FROM a\nARG |X=1\n", to = "FROM a\nARG NEW=1\n";
  for (const Renaming& one : std::initializer_list<Renaming>{
           {from + "RUN echo $X ${X} ${X:-$X} \"$X\" \"${X%a}\" $XY '$X' \\$X\n", "NEW",
            to + "RUN echo $NEW ${NEW} ${NEW:-$NEW} \"$NEW\" \"${NEW%a}\" $XY '$X' \\$X\n"},
           {from + "FROM b\nRUN X=$(date) && echo $X\nRUN for X in 1 2; do echo $X; done\n", "NEW",
            to + "FROM b\nRUN X=$(date) && echo $X\nRUN for X in 1 2; do echo $X; done\n"},
           {from + "FROM b\nARG X=2\nRUN echo $X\n", "NEW", to + "FROM b\nARG X=2\nRUN echo $X\n"},
           {"FROM a AS one\nARG |X=1\nFROM one\nRUN echo $X\n", "NEW",
            "FROM a AS one\nARG NEW=1\nFROM one\nRUN echo $NEW\n"},
           {"ARG |X=1\nFROM a:$X\nRUN echo $X\nFROM b\nARG X\nRUN echo $X\nFROM c\nARG X=2\nRUN echo $X\n",
            "NEW",
            "ARG NEW=1\nFROM a:$NEW\nRUN echo $X\nFROM b\nARG NEW\nRUN echo $NEW\nFROM c\nARG X=2\nRUN echo "
            "$X\n"},
           {from + "RUN make X=$X\n", "NEW", to + "RUN make X=$NEW\n"},
           {from + "RUN X=3; foo\n", "NEW", to + "RUN X=3; foo\n"},
           {from + "RUN sh -c 'echo $X'\n", "NEW", to + "RUN sh -c 'echo $NEW'\n"},
           {from + "RUN [\"sh\", \"-c\", \"echo $X\"]\nRUN [\"echo\", \"$X\"]\n", "NEW",
            to + "RUN [\"sh\", \"-c\", \"echo $NEW\"]\nRUN [\"echo\", \"$X\"]\n"},
           {from + "RUN <<EOF\necho $X\nEOF\n", "NEW", to + "RUN <<EOF\necho $NEW\nEOF\n"},
           {from + "RUN <<'EOF'\necho $X\nEOF\n", "NEW", to + "RUN <<'EOF'\necho $NEW\nEOF\n"},
           {from + "RUN <<'EOF' cat\n$X\nEOF\n", "NEW", to + "RUN <<'EOF' cat\n$X\nEOF\n"},
           {from + "RUN <<EOF cat\n$X '$X'\nEOF\n", "NEW", to + "RUN <<EOF cat\n$NEW '$NEW'\nEOF\n"},
           {from + "RUN sh <<'EOF'\necho $X\nEOF\n", "NEW", to + "RUN sh <<'EOF'\necho $NEW\nEOF\n"},
           {from + "RUN <<EOF\ncat <<'E'\n$X\nE\necho $X\nEOF\n", "NEW",
            to + "RUN <<EOF\ncat <<'E'\n$X\nE\necho $NEW\nEOF\n"},
           {from + "COPY <<EOF /a\n$X\nEOF\nCOPY <<'EOF' /b\n$X\nEOF\n", "NEW",
            to + "COPY <<EOF /a\n$NEW\nEOF\nCOPY <<'EOF' /b\n$X\nEOF\n"},
           {from + "RUN --mount=type=cache,target=/c,id=$X echo\nLABEL a='$X' b=$X\nCMD echo $X\n", "NEW",
            to + "RUN --mount=type=cache,target=/c,id=$NEW echo\nLABEL a='$X' b=$NEW\nCMD echo $X\n"},
           {"FROM a\nENV |X=1\nCMD echo $X\nHEALTHCHECK CMD curl $X\n", "NEW",
            "FROM a\nENV NEW=1\nCMD echo $NEW\nHEALTHCHECK CMD curl $NEW\n"},
           {from + "RUN a \\\n  # $X\n  $X\n", "NEW", to + "RUN a \\\n  # $X\n  $NEW\n"},
           {"FROM a\nARG \"|X=1\"\nRUN echo $X\n", "NEW", "FROM a\nARG \"NEW=1\"\nRUN echo $NEW\n"},
           {"FROM a\nENV \"|Z\"=3\nRUN echo $Z\n", "NEW", "FROM a\nENV \"NEW\"=3\nRUN echo $NEW\n"},
       })
    expect(one);
}

TEST(Rename, RefusesWhatIsNotSure) {
  const std::string from = "FROM a\nARG |X=1\n";
  for (const char* run :
       {"RUN X=$(date) && echo $X", "RUN for X in 1 2; do echo $X; done", "RUN export X=3; echo \"${X}\"",
        "RUN read X; echo $X", "RUN --mount=type=secret,id=s,env=X echo $X", "RUN unset X; echo $X",
        "RUN echo $((X+1))", "RUN printenv X", "RUN python3 -c \"import os; print(os.environ['X'])\"",
        "RUN n=X; echo ${!n}", "RUN sh -c \"X=2; echo \\$X\"", "RUN find . -exec foo '$X' ';'",
        "RUN python3 <<EOF\nimport os\nos.environ['X']\nEOF", "RUN echo ${X:=2}", "RUN eval 'echo $X'"})
    expect({from + run + "\n", "NEW", "error: line 3 sets X itself, or looks it up"});
  expect({"# escape=`\nFROM a\nARG |X=1\nRUN echo %X%\n", "NEW", "error: line 4 "});
}

TEST(Rename, TakesNoNameThatMeansSomethingElse) {
  for (const Renaming& one : std::initializer_list<Renaming>{
           {"FROM a\nARG |X=1\nRUN Z=1; echo $X $Z\n", "Z",
            "error: line 3 has another variable of that name"},
           {"FROM a\nARG |X=1\nRUN echo $Z\n", "Z", "error: line 3 has another variable of that name"},
           {"FROM a\nARG |X=1\nRUN --mount=type=secret,id=s,env=Z true\n", "Z", "error: line 3 has another"},
           {"FROM a\nARG |X=1\nFROM b\nRUN echo $Z\n", "Z", "FROM a\nARG Z=1\nFROM b\nRUN echo $Z\n"},
           {"ARG |X=1\nFROM a:$X$Z\n", "Z", "error: line 2 has another variable of that name"},
           {"FROM a\nARG |X=1\n", "PATH", "error: programs look at PATH"},
           {"FROM a\nENV |PATH=/x:$PATH\n", "NEW", "error: programs look at PATH"},
           {"FROM a\nARG |X=1\n", "HTTP_PROXY", "error: "},
           {"FROM a AS |b\nFROM alpine\nCOPY --from=b x y\n", "alpine",
            "error: line 2 uses the image alpine"},
           {"FROM a AS |b\nFROM c\nCOPY --from=b x y\nCOPY --from=newimage x y\n", "newimage",
            "error: line 4 uses the image newimage"},
           {"FROM a AS |b\nFROM c\nRUN --mount=from=other,target=/x ls\n", "other",
            "error: line 3 uses the image"},
           {"FROM a AS |b\nFROM c AS NEW2\n", "new2", "error: line 2 has a stage of that name"},
           {"ARG BASE=builder\nFROM a AS |builder\nFROM ${BASE} AS c\n", "NEW",
            "error: line 3 names the stage as ${BASE}"},
           {"ARG BASE=alpine\nFROM a AS |builder\nFROM ${BASE} AS c\n", "Alpine",
            "error: line 3 uses the image"},
       })
    expect(one);
}

TEST(Rename, TellsStagesOfOneNameApart) {
  const std::string text =
      "FROM a AS builder\nFROM builder AS builder\nRUN x\nFROM c\nCOPY --from=builder a b\n";
  std::string first = text, second = text;
  expect({first.insert(10, "|"), "NEW",
          "FROM a AS NEW\nFROM NEW AS builder\nRUN x\nFROM c\nCOPY --from=builder a b\n"});
  expect({second.insert(text.find("AS builder\nRUN") + 3, "|"), "NEW",
          "FROM a AS builder\nFROM builder AS NEW\nRUN x\nFROM c\nCOPY --from=NEW a b\n"});
  // What ONBUILD names is in another file.
  expect({"FROM a AS |b\nONBUILD COPY --from=b a b\n", "NEW", "FROM a AS NEW\nONBUILD COPY --from=b a b\n"});
}

TEST(Rename, FollowsAServiceThroughCompose) {
  const auto compose = [](const std::string& db, const std::string& cursor) {
    return "services:\n  web:\n    build: {context: ., additional_contexts: {base: \"service:" + db +
           "\"}}\n    depends_on: [" + db + ", cache]\n    network_mode: service:" + db + "\n    links: [\"" +
           db + ":database\", " + db + "]\n    volumes_from: [" + db +
           ":ro, \"container:db\"]\n    pid: \"service:" + db + "\"\n    ipc: service:" + db +
           "\n    extends: {service: " + db + "}\n    environment: {URL: \"http://db:80\"}\n  " + cursor +
           db +
           ":\n    image: db\n  cache:\n    build:\n      context: .\n      additional_contexts:\n        - "
           "base=service:" +
           db + "\n    depends_on:\n      " + db + ": {condition: service_started}\nvolumes:\n  db: {}\n";
  };
  const std::string path = "/nowhere/compose.yaml";
  expect({compose("db", "|"), "pg", compose("pg", "")}, path, "yaml");
  for (const char* name : {"web", "cache", "-x", "true", "123", "1e3", "", "a b", "~", "No"})
    expect({compose("db", "|"), name, "error: "}, path, "yaml");
}

TEST(Rename, FollowsNamesThroughBake) {
  const auto bake = [](const std::string& tag, const std::string& base, const std::string& at_tag,
                       const std::string& at_base) {
    return "variable \"" + at_tag + tag + "\" { default = \"1\" }\nvariable \"B\" { default = " + tag +
           " }\ntarget \"app\" {\n  tags = [\"x:${" + tag + "}\", " + tag +
           ", \"TAG\", \"$${TAG}\", target." + base + ".tags[0], target[\"" + base +
           "\"].context]\n  args = { TAG = " + tag + ", L = join(\"\", [for TAG in [" + tag +
           "]: TAG]) }\n  contexts = { base = \"target:" + base + "\" }\n  inherits = [\"" + base +
           "\"]\n}\ntarget \"" + at_base + base +
           "\" {\n  tags = [\"TAG\"]\n  dockerfile-inline = <<EOT\nFROM x:${" + tag +
           "}\nEOT\n}\ntarget \"m\" {\n  name = \"m-${TAG}\"\n  matrix = { TAG = [\"a\"] }\n}\ngroup \"all\" "
           "{ targets = [\"app\", \"" +
           base + "\"] }\n";
  };
  const std::string path = "/nowhere/docker-bake.hcl";
  expect({bake("TAG", "base", "|", ""), "NEW", bake("NEW", "base", "", "")}, path, "hcl");
  expect({bake("TAG", "base", "", "|"), "nb", bake("TAG", "nb", "", "")}, path, "hcl");
  for (const char* name : {"B", "a.b", "1x", "-", "for", "target"})
    expect({bake("TAG", "base", "|", ""), name, "error: "}, path, "hcl");
  for (const char* name : {"app", "all", "a.b", "-", "default"})
    expect({bake("TAG", "base", "", "|"), name, "error: "}, path, "hcl");
}

}  // namespace
}  // namespace dcache
