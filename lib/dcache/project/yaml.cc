#include "dcache/project/yaml.h"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "dcache/project/yaml_checks.h"
#include "dcache/project/yaml_scalars.h"
#include "dcache/text/line_index.h"
#include "dcache/text/unicode.h"

namespace dcache::project::yaml {
namespace {

// The tags that yaml-cpp gives to scalars without one: plain, and in quotes.
constexpr std::string_view kPlainTag = "?";
constexpr std::string_view kQuoted = "!";

// Ends the parse of a text; never leaves this file.
class Stop : public std::exception {
 public:
  explicit Stop(text::Failure failure) : failure_(std::move(failure)) {}
  const text::Failure& failure() const { return failure_; }

 private:
  text::Failure failure_;
};

// What an anchor names, and how much a copy of it adds.
struct AnchoredValue {
  Value value;
  size_t values = 0;
  size_t characters = 0;
  uint32_t height = 0;
};

// A collection that is being read.
struct OpenCollection {
  Value value;
  std::optional<Member> member = {};  // the name is read, the value is not
  bool skip = false;                  // the value of a member that has no place
  bool merge = false;                 // the member is `<<`
  std::vector<Value> merged = {};     // what `<<` brings
  YAML::anchor_t anchor = 0;
  size_t values_before = 0;
  size_t characters_before = 0;
  uint32_t height = 0;  // of the highest item
};

// Makes a tree of the parser's events. All limits are checked here, where the parser gets no further.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& path, uint32_t file, const Limits& limits,
          Documents& documents)
      : text_(text), lines_(text), path_(path), file_(file), limits_(limits), documents_(documents) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    const auto line = static_cast<uint32_t>(mark.line + 1);
    if (!documents_.values.empty() && !starts_document(line))
      throw Stop(failure_at(path_, place_of(mark), "what is here is not a part of the lines before it",
                            "indent it as they are, or start a document with a line '---'"));
    open_.clear();
    anchors_.clear();
    root_ = Value();
  }
  void OnDocumentEnd() override {
    check_last_quote();
    documents_.values.push_back(std::move(root_));
  }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_scalar({Kind::kNull, place_of(mark), {}, {}, {}, {}}, true, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Value value{Kind::kText, place_of(mark), text, {}, {}, {}};
    if (tag == kQuoted) last_quoted_ = value.place;
    set_kind(value, tag);
    add_scalar(std::move(value), tag == kPlainTag, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    open(Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Stop(failure_at(path_, place_of(mark), "the alias refers to what it is itself a part of"));
    const AnchoredValue& anchored = found->second;
    count(place_of(mark), anchored.values, anchored.characters);
    if (open_.size() + anchored.height > limits_.depth) too_deep(place_of(mark));
    add(Value(anchored.value), false, anchored.height);
  }

 private:
  // Whether a line says that a document starts, or the one before that another one has ended. yaml-cpp takes
  // anything after the end of a value for a document.
  bool starts_document(uint32_t line) const {
    const auto text_of = [&](uint32_t number) { return lines_.line_span(number).of(text_); };
    if (text_of(line).starts_with("---")) return true;
    while (--line > 0) {
      const std::string_view before = text::trim(text_of(line));
      if (!before.empty() && !before.starts_with('#')) return before.starts_with("...");
    }
    return false;
  }

  // yaml-cpp takes the end of the text for the end of a quoted scalar, which only the last one can lack.
  void check_last_quote() const {
    if (last_quoted_.line == 0) return;
    const size_t begin = lines_.line_span(last_quoted_.line).begin + last_quoted_.column - 1;
    size_t at = std::min(text_.find_first_of("'\"", begin), text_.size());
    if (at == text_.size()) return;
    const char quote = text_[at];
    const char escape = quote == '"' ? '\\' : quote;
    for (++at; at < text_.size(); ++at) {
      const bool is_escaped =
          text_[at] == escape && (quote == '"' || text_.substr(at + 1).starts_with(quote));
      if (is_escaped) {
        ++at;
      } else if (text_[at] == quote) {
        return;
      }
    }
    throw Stop(failure_at(path_, last_quoted_, "the quote that starts here is not closed",
                          fmt::format("add {} at the end of the text", quote)));
  }

  Place place_of(const YAML::Mark& mark) const {
    return {file_, static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1)};
  }

  static void set_kind(Value& value, const std::string& tag) {
    if (tag == kPlainTag) {
      value.kind = kind_of_plain(value.text);
    } else if (tag.starts_with("tag:")) {
      if (tag.ends_with(":binary")) value.text = decoded_base64(value.text);
      value.kind = kind_of_tag(tag, value.text);
    } else if (tag != kQuoted) {
      value.tag = tag;
    }
  }

  [[noreturn]] void too_deep(Place place) const {
    throw Stop(failure_at(path_, place, fmt::format("more than {} levels deep", limits_.depth)));
  }

  void count(Place place, size_t values, size_t characters) {
    values_ += values;
    characters_ += characters;
    if (values_ <= limits_.values && characters_ <= limits_.characters) return;
    throw Stop(failure_at(path_, place,
                          "the file has too many values, counted with those that aliases repeat",
                          "split the file, or use fewer aliases"));
  }

  void add_scalar(Value value, bool plain, YAML::anchor_t anchor) {
    count(value.place, 1, value.text.size());
    if (anchor != 0) remember(anchor, value, 1, value.text.size(), 0);
    add(std::move(value), plain, 0);
  }

  // Keeps a copy, which counts too.
  void remember(YAML::anchor_t anchor, const Value& value, size_t values, size_t characters,
                uint32_t height) {
    count(value.place, values, characters);
    anchors_[anchor] = {value, values, characters, height};
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Place place = place_of(mark);
    if (open_.size() >= limits_.depth) too_deep(place);
    OpenCollection collection;
    collection.value.kind = kind;
    collection.value.place = place;
    if (tag.starts_with('!') && tag != kQuoted) collection.value.tag = tag;
    collection.anchor = anchor;
    collection.values_before = values_;
    collection.characters_before = characters_;
    open_.push_back(std::move(collection));
    count(place, 1, 0);
  }

  void close() {
    OpenCollection closed = std::move(open_.back());
    open_.pop_back();
    if (closed.value.is_map()) finish_map(closed);
    const uint32_t height = closed.height + 1;
    if (closed.anchor != 0)
      remember(closed.anchor, closed.value, values_ - closed.values_before,
               characters_ - closed.characters_before, height);
    add(std::move(closed.value), false, height);
  }

  // Puts a value where the parser is: a document, an item, or a name and a value in turn.
  void add(Value value, bool plain, uint32_t height) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    OpenCollection& to = open_.back();
    to.height = std::max(to.height, height);
    if (to.value.is_list()) {
      to.value.items.push_back(std::move(value));
    } else if (!to.member) {
      begin_member(to, std::move(value), plain);
    } else {
      end_member(to, std::move(value));
    }
  }

  void begin_member(OpenCollection& map, Value name, bool plain) {
    map.merge = plain && name.is_text() && name.text == "<<";
    if (map.merge && !map.merged.empty())
      fail(name.place, "'<<' is here twice", "write one with a list: '<<: [*ONE, *TWO]'");
    map.skip = name.is_list() || name.is_map();
    if (map.skip)
      fail(name.place, "the name of a member is a list or a map", "write a text before the colon");
    if (name.is_null() && name.text.empty()) name.text = "null";
    map.member = Member{std::move(name.text), name.kind, name.place, {}};
  }

  void end_member(OpenCollection& map, Value value) {
    Member member = *std::exchange(map.member, std::nullopt);
    if (map.skip) return;
    if (map.merge) {
      merge(map, std::move(value));
      return;
    }
    member.value = std::move(value);
    map.value.members.push_back(std::move(member));
  }

  void merge(OpenCollection& map, Value value) {
    const bool maps = value.is_map() || (value.is_list() && std::ranges::all_of(value.items, &Value::is_map));
    if (!maps) {
      fail(value.place, "'<<' needs a map or a list of maps", "refer to a map by its anchor: '<<: *NAME'");
    } else if (value.is_map()) {
      map.merged.push_back(std::move(value));
    } else {
      std::ranges::move(value.items, std::back_inserter(map.merged));
    }
  }

  void finish_map(OpenCollection& map) {
    std::vector<Member>& members = map.value.members;
    remove_duplicates(members);
    if (map.merged.empty()) return;
    std::unordered_map<std::string, bool> known;
    for (const Member& member : members)
      known.emplace(member.name, true);
    for (Value& from : map.merged) {
      for (Member& member : from.members) {
        if (known.emplace(member.name, true).second) members.push_back(std::move(member));
      }
    }
  }

  // The first of several members of one name stays.
  void remove_duplicates(std::vector<Member>& members) {
    std::unordered_map<std::string, uint32_t> lines;
    std::erase_if(members, [&](const Member& member) {
      const auto [known, is_new] = lines.emplace(member.name, member.place.line);
      if (!is_new)
        fail(member.place,
             fmt::format("'{}' is here twice: it is on line {} too", member.name, known->second),
             "remove one of them");
      return !is_new;
    });
  }

  void fail(Place place, std::string message, std::string remedy) {
    constexpr size_t kMost = 100;
    if (documents_.failures.size() < kMost)
      documents_.failures.push_back(failure_at(path_, place, std::move(message), std::move(remedy)));
  }

  std::string_view text_;
  text::LineIndex lines_;
  const std::string& path_;
  uint32_t file_;
  const Limits& limits_;
  Documents& documents_;
  Value root_;
  Place last_quoted_;
  std::vector<OpenCollection> open_;
  std::map<YAML::anchor_t, AnchoredValue> anchors_;
  size_t values_ = 0;
  size_t characters_ = 0;
};

}  // namespace

Documents parse(std::string_view text, const std::string& path, uint32_t file, const Limits& limits) {
  Documents documents;
  if (auto unreadable = find_unreadable(text, path)) {
    documents.failures.push_back(*std::move(unreadable));
    return documents;
  }
  if (text.starts_with(text::kByteOrderMark)) text.remove_prefix(text::kByteOrderMark.size());
  Builder builder(text, path, file, limits, documents);
  try {  // the library reports by exception
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& error) {
    const Place place{file, static_cast<uint32_t>(error.mark.line + 1),
                      static_cast<uint32_t>(error.mark.column + 1)};
    documents.failures.push_back(
        failure_at(path, place, "this is not YAML: " + error.msg, "see https://yaml.org for the format"));
  } catch (const Stop& stopped) {
    documents.failures.push_back(stopped.failure());
  } catch (const std::exception&) {
    documents.failures.push_back({path, 0, 0, fmt::format("{} can't be read as YAML", path), {}});
  }
  return documents;
}

}  // namespace dcache::project::yaml
