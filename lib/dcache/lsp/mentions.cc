#include "dcache/lsp/mentions.h"

#include <algorithm>
#include <string>

#include "dcache/project/file_kinds.h"
#include "dcache/project/hcl/parser.h"
#include "dcache/project/yaml.h"
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

class ComposeReader {
 public:
  explicit ComposeReader(std::string_view source) : source_(source), lines_(source) {}

  std::vector<Mention> run() {
    for (const yaml::Value& document : yaml::parse(source_, {}).values) {
      add_keys(document, "compose ");
      if (const yaml::Value* services = document.find("services")) {
        for (const yaml::Member& service : services->members)
          visit_service(service);
      }
    }
    put_in_order(found_);
    return std::move(found_);
  }

 private:
  // `place` is where the text starts, or its quote; what is written in another way has none.
  void add(Kind kind, std::string_view name, yaml::Place place, bool defines = false) {
    add_after("", kind, name, place, defines);
  }
  void add_after(std::string_view prefix, Kind kind, std::string_view name, yaml::Place place,
                 bool defines = false) {
    if (name.empty() || place.line == 0 || place.line > lines_.line_count()) return;
    size_t begin = lines_.line_span(place.line).begin + place.column - 1;
    if (begin < source_.size() && (source_[begin] == '"' || source_[begin] == '\'')) ++begin;
    if (begin > source_.size() || !source_.substr(begin).starts_with(prefix)) return;
    begin += prefix.size();
    if (begin > source_.size() || !source_.substr(begin).starts_with(name)) return;
    const auto start = static_cast<uint32_t>(begin);
    found_.push_back(
        {kind, std::string(name), image_, {start, start + static_cast<uint32_t>(name.size())}, defines});
  }
  void add(Kind kind, const yaml::Value* value) {
    if (value != nullptr && value->is_text()) add(kind, value->text, value->place);
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

  void visit_service(const yaml::Member& service) {
    image_ = service.name;
    add(Kind::kImage, service.name, service.place, true);
    add_keys(service.value, "compose ");
    add_names(Kind::kImage, service.value.find("depends_on"));
    if (const yaml::Value* extends = service.value.find("extends")) {
      add(Kind::kImage, extends);
      if (extends->find("file") == nullptr) add(Kind::kImage, extends->find("service"));
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
    add_names(Kind::kArgument, build.find("args"));
    const yaml::Value* contexts = build.find("additional_contexts");
    if (contexts == nullptr) return;
    for (const yaml::Member& member : contexts->members)
      add_service(member.value.text, member.value.place);
    for (const yaml::Value& item : contexts->items) {
      const size_t equals = std::min(item.text.find('='), item.text.size() - 1) + 1;
      add_service(std::string_view(item.text).substr(equals), item.place, item.text.substr(0, equals));
    }
  }

  // "service:name", after other text of the value.
  void add_service(std::string_view text, yaml::Place place, const std::string& before = {}) {
    constexpr std::string_view kService = "service:";
    if (text.starts_with(kService))
      add_after(before + std::string(kService), Kind::kImage, text.substr(kService.size()), place);
  }

  std::string_view source_;
  text::LineIndex lines_;
  std::string image_;
  std::vector<Mention> found_;
};

class BakeReader {
 public:
  explicit BakeReader(std::string_view source) : file_(hcl::parse_hcl({}, std::string(source))) {}

  std::vector<Mention> run() {
    for (const hcl::Block& block : file_.body.blocks) {
      bound_ = names_in_matrix(block);
      const bool variable = block.type == "variable";
      const bool image = block.type == "target" || block.type == "group";
      if ((variable || image) && !block.labels.empty()) {
        image_ = image ? block.labels.front() : "";
        add(variable ? Kind::kVariable : Kind::kImage, block.labels.front(), block.label_span, true);
      }
      if (block.span.begin < block.label_span.begin)
        add_key(block.type, {block.span.begin, block.span.begin + static_cast<uint32_t>(block.type.size())});
      for (const hcl::Attribute& attribute : block.body.attributes())
        visit(block.type, attribute);
      image_.clear();
    }
    bound_.clear();
    for (const hcl::Attribute& attribute : file_.body.attributes()) {
      add(Kind::kVariable, attribute.name, attribute.name_span, true);
      add_variables(*attribute.value);
    }
    put_in_order(found_);
    return std::move(found_);
  }

 private:
  std::string_view text() const { return file_.source->text; }

  // Within the span, whose text may be in quotes or be a longer expression.
  void add(Kind kind, const std::string& name, Span span, bool defines = false) {
    const size_t at = span.of(text()).find(name);
    if (name.empty() || at == std::string_view::npos) return;
    const uint32_t begin = span.begin + static_cast<uint32_t>(at);
    found_.push_back({kind, name, image_, {begin, begin + static_cast<uint32_t>(name.size())}, defines});
  }
  void add_key(const std::string& name, Span span) {
    found_.push_back({Kind::kKey, "bake " + name, image_, span, false});
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
    add_variables(value);
    const std::string& name = attribute.name;
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
      if (name == "args") add(Kind::kArgument, word.empty() ? literal_of(key) : word, key.span);
      const std::string context = name == "contexts" ? literal_of(element) : std::string();
      constexpr std::string_view kTarget = "target:";
      if (context.starts_with(kTarget)) add(Kind::kImage, context.substr(kTarget.size()), element.span);
    }
  }

  // What a matrix sets in its target hides variables.
  static std::vector<std::string> names_in_matrix(const hcl::Block& block) {
    std::vector<std::string> names;
    const hcl::Attribute* matrix = block.body.find("matrix");
    if (matrix == nullptr || matrix->value->kind != hcl::ExpressionKind::kObject) return names;
    for (size_t i = 0; i < matrix->value->parts.size(); i += 2) {
      const hcl::Expression& key = *matrix->value->parts[i];
      const std::string word = hcl::keyword_of(key);
      names.push_back(word.empty() ? literal_of(key) : word);
    }
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
