#include "dcache/lsp/mentions.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>

#include "dcache/project/file_kinds.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/yaml.h"
#include "dcache/project/yaml_layout.h"
#include "dcache/text/line_index.h"

namespace dcache::lsp {
namespace {

using Kind = Mention::Kind;
using text::Span;
namespace yaml = project::yaml;
namespace hcl = project::hcl;

void put_in_order(std::vector<Mention>& mentions) {
  std::ranges::stable_sort(mentions, [](const Mention& a, const Mention& b) {
    if (a.span.begin != b.span.begin) return a.span.begin < b.span.begin;
    return a.kind != Kind::kKey && b.kind == Kind::kKey;
  });
}

// The sections of a compose file that define what services refer to by name.
struct Section {
  std::string_view name;
  Kind kind;
};
constexpr std::array<Section, 5> kSections = {{{"networks", Kind::kNetwork},
                                               {"volumes", Kind::kVolume},
                                               {"configs", Kind::kConfig},
                                               {"secrets", Kind::kSecret},
                                               {"models", Kind::kModel}}};

class ComposeReader {
 public:
  explicit ComposeReader(std::string_view source)
      : source_(source), lines_(source), layout_(yaml::layout_of(source)) {}

  std::vector<Mention> run() {
    for (const yaml::Value& document : yaml::parse(source_, {}).values) {
      add_keys(document, "compose ");
      if (const yaml::Value* services = document.find("services")) {
        for (const yaml::Member& service : services->members)
          visit_service(service);
      }
      for (const Section& section : kSections)
        visit_section(section, document.find(section.name));
      visit_includes(document.find("include"));
    }
    add_anchors();
    put_in_order(found_);
    remove_repeated();
    return std::move(found_);
  }

 private:
  // Where a text starts in the source, after its quote; the size of the source if it is written in another
  // way.
  size_t begin_of(std::string_view prefix, std::string_view name, yaml::Place place) const {
    if (name.empty() || place.line == 0 || place.line > lines_.line_count()) return source_.size();
    size_t begin = size_t{lines_.line_span(place.line).begin} + place.column - 1;
    if (begin < source_.size() && (source_[begin] == '"' || source_[begin] == '\'')) ++begin;
    if (begin > source_.size() || !source_.substr(begin).starts_with(prefix)) return source_.size();
    begin += prefix.size();
    return source_.substr(begin).starts_with(name) ? begin : source_.size();
  }

  // `place` is where the text starts, or its quote; what is written in another way has none.
  void add(Kind kind, std::string_view name, yaml::Place place, bool defines = false) {
    add_after("", kind, name, place, defines);
  }
  void add_after(std::string_view prefix, Kind kind, std::string_view name, yaml::Place place,
                 bool defines = false) {
    const size_t begin = begin_of(prefix, name, place);
    if (begin == source_.size()) return;
    const auto start = static_cast<uint32_t>(begin);
    const Span span{start, start + static_cast<uint32_t>(name.size())};
    found_.push_back({kind, std::string(name), image_, span, defines, span});
    if (defines) found_.back().whole = {start, end_of_lines(place.line)};
  }
  void add(Kind kind, const yaml::Value* value) {
    if (value != nullptr && value->is_text()) add(kind, value->text, value->place);
  }

  // Of what starts in a line, counted from 1.
  uint32_t end_of_lines(uint32_t line) const {
    if (line == 0 || line > layout_.lines.size()) return static_cast<uint32_t>(source_.size());
    return layout_.lines[layout_.last_line_of(line - 1)].span.end;
  }

  void add_keys(const yaml::Value& map, const std::string& prefix) {
    for (const yaml::Member& member : map.members) {
      const size_t before = found_.size();
      add(Kind::kKey, member.name, member.place);
      if (found_.size() > before) found_.back().name = prefix + member.name;
    }
  }

  // Names in a list, or as the keys of a map.
  void add_names(Kind kind, const yaml::Value* value) {
    if (value == nullptr) return;
    for (const yaml::Value& item : value->items) {
      if (item.is_text()) add(kind, std::string_view(item.text).substr(0, item.text.find('=')), item.place);
    }
    for (const yaml::Member& member : value->members)
      add(kind, member.name, member.place);
  }

  // In a list of names, or of maps with the name as `source`.
  void add_sources(Kind kind, const yaml::Value* value) {
    if (value == nullptr) return;
    for (const yaml::Value& item : value->items) {
      add(kind, &item);
      add(kind, item.find("source"));
    }
  }

  // A text, a list of texts, or one of maps with the file as `path`.
  void add_files(const yaml::Value* value) {
    if (value == nullptr) return;
    add(Kind::kFile, value);
    for (const yaml::Value& item : value->items) {
      add(Kind::kFile, &item);
      add(Kind::kFile, item.find("path"));
    }
  }

  void visit_section(const Section& section, const yaml::Value* values) {
    if (values == nullptr) return;
    const std::string prefix = "compose " + std::string(section.name) + ".";
    for (const yaml::Member& member : values->members) {
      add(section.kind, member.name, member.place, true);
      add_keys(member.value, prefix);
      add(Kind::kFile, member.value.find("file"));
    }
  }

  void visit_includes(const yaml::Value* includes) {
    if (includes == nullptr) return;
    for (const yaml::Value& item : includes->items) {
      add(Kind::kFile, &item);
      add_files(item.find("path"));
      add_files(item.find("env_file"));
    }
  }

  // "data:/var/lib", where the first part is neither a path nor the only one.
  void visit_volumes(const yaml::Value* volumes) {
    if (volumes == nullptr) return;
    for (const yaml::Value& item : volumes->items) {
      if (item.is_map()) {
        const yaml::Value* type = item.find("type");
        if (type == nullptr || type->text == "volume") add(Kind::kVolume, item.find("source"));
        continue;
      }
      const size_t colon = item.text.find(':');
      const std::string_view name = std::string_view(item.text).substr(0, colon);
      const bool is_path = name.find_first_of("/\\$") != std::string_view::npos || name.starts_with('.') ||
                           name.starts_with('~');
      if (item.is_text() && colon != std::string::npos && !is_path) add(Kind::kVolume, name, item.place);
    }
  }

  void visit_service(const yaml::Member& service) {
    image_ = service.name;
    add(Kind::kImage, service.name, service.place, true);
    add_keys(service.value, "compose ");
    add_names(Kind::kImage, service.value.find("depends_on"));
    if (const yaml::Value* extends = service.value.find("extends")) {
      add(Kind::kImage, extends);
      if (extends->find("file") == nullptr) add(Kind::kImage, extends->find("service"));
      add(Kind::kFile, extends->find("file"));
    }
    for (const char* key : {"network_mode", "pid", "ipc"}) {
      if (const yaml::Value* value = service.value.find(key)) add_service(value->text, value->place);
    }
    for (const char* key : {"links", "volumes_from"}) {
      const yaml::Value* list = service.value.find(key);
      if (list == nullptr) continue;
      // "service:alias", "service:ro"; of volumes also "container:name".
      for (const yaml::Value& item : list->items) {
        const std::string_view name = std::string_view(item.text).substr(0, item.text.find(':'));
        if (name != "container" || name.size() == item.text.size()) add(Kind::kImage, name, item.place);
      }
    }
    add_names(Kind::kNetwork, service.value.find("networks"));
    add_names(Kind::kModel, service.value.find("models"));
    visit_volumes(service.value.find("volumes"));
    add_sources(Kind::kConfig, service.value.find("configs"));
    add_sources(Kind::kSecret, service.value.find("secrets"));
    add_files(service.value.find("env_file"));
    add_files(service.value.find("label_file"));
    if (const yaml::Value* spec = service.value.find("credential_spec")) add(Kind::kFile, spec->find("file"));
    add(Kind::kReference, service.value.find("image"));
    if (const yaml::Value* build = service.value.find("build")) visit_build(*build);
    image_.clear();
  }

  void visit_build(const yaml::Value& build) {
    add(Kind::kContext, &build);
    add_keys(build, "compose build.");
    add(Kind::kContext, build.find("context"));
    add(Kind::kDockerfile, build.find("dockerfile"));
    add(Kind::kStage, build.find("target"));
    add_arguments(build.find("args"));
    add_sources(Kind::kSecret, build.find("secrets"));
    const yaml::Value* contexts = build.find("additional_contexts");
    if (contexts == nullptr) return;
    for (const yaml::Member& member : contexts->members)
      add_service(member.value.text, member.value.place);
    for (const yaml::Value& item : contexts->items) {
      const size_t equals = std::min(item.text.find('='), item.text.size() - 1) + 1;
      add_service(std::string_view(item.text).substr(equals), item.place, item.text.substr(0, equals));
    }
  }

  void add_arguments(const yaml::Value* arguments) {
    const size_t before = found_.size();
    add_names(Kind::kArgument, arguments);
    if (arguments == nullptr) return;
    std::unordered_map<uint32_t, uint32_t> ends;  // of values, by where their argument begins
    const auto note = [&](size_t argument, std::string_view text, yaml::Place place) {
      const size_t begin = begin_of("", text, place);
      if (argument == source_.size() || begin == source_.size()) return;
      size_t end = begin + text.size();
      if (end < source_.size() && (source_[end] == '"' || source_[end] == '\'')) ++end;
      ends[static_cast<uint32_t>(argument)] = static_cast<uint32_t>(end);
    };
    for (const yaml::Value& item : arguments->items)
      note(begin_of("", item.text, item.place), item.text, item.place);
    for (const yaml::Member& member : arguments->members)
      note(begin_of("", member.name, member.place), member.value.text, member.value.place);
    for (size_t i = before; i < found_.size(); ++i) {
      const auto end = ends.find(found_[i].span.begin);
      if (end != ends.end()) found_[i].whole.end = std::max(found_[i].span.end, end->second);
    }
  }

  // "service:name", after other text of the value.
  void add_service(std::string_view text, yaml::Place place, const std::string& before = {}) {
    constexpr std::string_view kService = "service:";
    if (text.starts_with(kService))
      add_after(before + std::string(kService), Kind::kImage, text.substr(kService.size()), place);
  }

  void add_anchors() {
    for (const yaml::AnchorName& anchor : layout_.names) {
      Mention mention{
          Kind::kAnchor, std::string(anchor.span.of(source_)), {}, anchor.span, anchor.defines, {}};
      mention.whole = {anchor.span.begin,
                       anchor.defines ? end_of_lines(lines_.line_of(anchor.span.begin)) : anchor.span.end};
      found_.push_back(std::move(mention));
    }
  }

  // What an alias stands for is read where the anchor is, as often as there are aliases.
  void remove_repeated() {
    const auto repeated = std::ranges::unique(found_, [](const Mention& a, const Mention& b) {
      const bool of_image = !is_name(a.kind) && a.kind != Kind::kFile && a.kind != Kind::kKey;
      return a.kind == b.kind && a.span == b.span && a.name == b.name && (!of_image || a.image == b.image);
    });
    found_.erase(repeated.begin(), repeated.end());
  }

  std::string_view source_;
  text::LineIndex lines_;
  yaml::Layout layout_;
  std::string image_;
  std::vector<Mention> found_;
};

class BakeReader {
 public:
  explicit BakeReader(std::string_view source) : file_(hcl::parse_hcl({}, std::string(source))) {}

  std::vector<Mention> run() {
    for (const hcl::Block& block : file_.body.blocks) {
      bound_ = names_of_block(block);
      const bool image = block.type == "target" || block.type == "group";
      if (const auto kind = kind_of(block.type); kind != Kind::kKey && !block.labels.empty()) {
        image_ = image ? block.labels.front() : "";
        if (add(kind, block.labels.front(), block.label_span, true)) found_.back().whole = block.whole;
      }
      if (block.span.begin < block.label_span.begin)
        add_key(block.type, {block.span.begin, block.span.begin + static_cast<uint32_t>(block.type.size())});
      visit_body(block.type, block.body);
      image_.clear();
    }
    bound_.clear();
    for (const hcl::Attribute& attribute : file_.body.attributes()) {
      if (add(Kind::kVariable, attribute.name, attribute.name_span, true))
        found_.back().whole = {attribute.name_span.begin, attribute.value->span.end};
      add_variables(*attribute.value);
    }
    put_in_order(found_);
    return std::move(found_);
  }

 private:
  std::string_view text() const { return file_.source->text; }

  // Within the span, whose text may be in quotes or be a longer expression.
  bool add(Kind kind, const std::string& name, Span span, bool defines = false) {
    const size_t at = span.of(text()).find(name);
    if (name.empty() || at == std::string_view::npos) return false;
    const uint32_t begin = span.begin + static_cast<uint32_t>(at);
    const Span found{begin, begin + static_cast<uint32_t>(name.size())};
    found_.push_back({kind, name, image_, found, defines, found});
    return true;
  }
  void add_key(const std::string& name, Span span) {
    found_.push_back({Kind::kKey, "bake " + name, image_, span, false, span});
  }

  static Kind kind_of(std::string_view block) {
    if (block == "variable") return Kind::kVariable;
    if (block == "function") return Kind::kFunction;
    return block == "target" || block == "group" ? Kind::kImage : Kind::kKey;
  }

  // Blocks in blocks, as `validation`, have the names of attributes only.
  void visit_body(const std::string& block, const hcl::Body& body) {
    for (const hcl::Attribute& attribute : body.attributes())
      visit(block, attribute);
    for (const hcl::Block& inner : body.blocks)
      visit_body(block + "." + inner.type, inner.body);
  }

  // A text that is written as it is.
  static std::string literal_of(const hcl::Expression& expression) {
    return expression.kind == hcl::ExpressionKind::kLiteral && expression.quoted &&
                   expression.literal.is_known() && !expression.literal.is_null() &&
                   expression.literal.type().is(hcl::Kind::kString)
               ? expression.literal.as_string()
               : std::string();
  }

  void visit(const std::string& block, const hcl::Attribute& attribute) {
    add_key(block + "." + attribute.name, attribute.name_span);
    const hcl::Expression& value = *attribute.value;
    const std::string& name = attribute.name;
    if (block == "variable" && name == "type") return;  // its words are types
    add_variables(value);
    if (block != "target" && block != "group") return;
    if (name == "context") add(Kind::kContext, literal_of(value), value.span);
    if (name == "dockerfile") add(Kind::kDockerfile, literal_of(value), value.span);
    if (name == "target") add(Kind::kStage, literal_of(value), value.span);
    if (name == "inherits" || name == "targets") {
      for (const auto& part : value.parts)
        add(Kind::kImage, literal_of(*part), part->span);
    }
    if (value.kind != hcl::ExpressionKind::kObject) return;
    for (size_t i = 0; i + 1 < value.parts.size(); i += 2) {
      const hcl::Expression& key = *value.parts[i];
      const hcl::Expression& element = *value.parts[i + 1];
      const std::string word = hcl::keyword_of(key);
      if (name == "args") add_argument(word.empty() ? literal_of(key) : word, key.span, element.span);
      const std::string context = name == "contexts" ? literal_of(element) : std::string();
      constexpr std::string_view kTarget = "target:";
      if (context.starts_with(kTarget)) add(Kind::kImage, context.substr(kTarget.size()), element.span);
    }
  }

  void add_argument(const std::string& name, Span key, Span value) {
    if (add(Kind::kArgument, name, key))
      found_.back().whole.end = std::max(value.end, found_.back().span.end);
  }

  // What a matrix sets in its target, and the parameters of a function, hide variables.
  static std::vector<std::string> names_of_block(const hcl::Block& block) {
    std::vector<std::string> names;
    const auto add_all = [&](const char* attribute, hcl::ExpressionKind kind, size_t step) {
      const hcl::Attribute* found = block.body.find(attribute);
      if (found == nullptr || found->value->kind != kind) return;
      for (size_t i = 0; i < found->value->parts.size(); i += step) {
        const hcl::Expression& key = *found->value->parts[i];
        const std::string word = hcl::keyword_of(key);
        names.push_back(word.empty() ? literal_of(key) : word);
      }
    };
    if (block.type == "target") add_all("matrix", hcl::ExpressionKind::kObject, 2);
    if (block.type != "function") return names;
    add_all("params", hcl::ExpressionKind::kTuple, 1);
    if (const hcl::Attribute* rest = block.body.find("variadic_params"))
      names.push_back(hcl::keyword_of(*rest->value));
    return names;
  }

  bool is_bound(std::string_view name) const { return std::ranges::find(bound_, name) != bound_.end(); }

  // An attribute of another target: `target.base.tags`, `target["base"]`.
  bool add_reference(const hcl::Expression& expression) {
    const bool attribute = expression.kind == hcl::ExpressionKind::kAttribute;
    if (!attribute && expression.kind != hcl::ExpressionKind::kIndex) return false;
    const hcl::Expression& root = *expression.parts.front();
    if (root.kind != hcl::ExpressionKind::kVariable || (root.name != "target" && root.name != "group"))
      return false;
    if (attribute) {
      add(Kind::kImage, expression.name, {std::min(root.span.end, expression.span.end), expression.span.end});
    } else if (expression.parts[1] != nullptr) {
      add(Kind::kImage, literal_of(*expression.parts[1]), expression.parts[1]->span);
    }
    return true;
  }

  void add_variables(const hcl::Expression& expression) {
    if (add_reference(expression)) return;
    if (expression.kind == hcl::ExpressionKind::kVariable)
      add(is_bound(expression.name) ? Kind::kBound : Kind::kVariable, expression.name, expression.span);
    if (expression.kind == hcl::ExpressionKind::kCall) add(Kind::kFunction, expression.name, expression.span);
    const bool object = expression.kind == hcl::ExpressionKind::kObject;
    const bool loop = expression.kind == hcl::ExpressionKind::kFor;
    for (size_t i = 0; i < expression.parts.size(); ++i) {
      // A loop binds names for all but its collection, which is the first.
      if (loop && i == 1) bound_.insert(bound_.end(), {expression.name, expression.key_name});
      // A bare word before `=` is the name of a member.
      const bool key = object && i % 2 == 0 && expression.parts[i]->kind == hcl::ExpressionKind::kVariable;
      if (expression.parts[i] != nullptr && !key) add_variables(*expression.parts[i]);
    }
    if (loop && expression.parts.size() > 1) bound_.resize(bound_.size() - 2);
  }

  hcl::File file_;
  std::string image_;
  std::vector<std::string> bound_;  // names that hide variables here
  std::vector<Mention> found_;
};

}  // namespace

std::vector<Mention> compose_mentions(std::string_view source) {
  return ComposeReader(source).run();
}

std::vector<Mention> bake_mentions(std::string_view source) {
  return BakeReader(source).run();
}

std::vector<Mention> mentions_of(const std::string& path, std::string_view source) {
  if (project::definition_kind(path) == project::DefinitionKind::kCompose) return compose_mentions(source);
  return path.ends_with(".json") ? std::vector<Mention>() : bake_mentions(source);
}

}  // namespace dcache::lsp
