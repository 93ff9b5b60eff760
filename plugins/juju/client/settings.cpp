#include "plugins/juju/client/settings.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "plugins/juju/model/models.hpp"

namespace cdctl::juju {

namespace {

std::unexpected<Error> wrong(std::string_view key, std::string_view why) {
  return fail(ExitCode::config, fmt::format("[juju] {}: {}", key, why));
}

bool cloud_name(std::string_view text) {
  const bool with_region = text.contains('/');
  return plain_word(take_until(text, '/'), "._-") && (!with_region || plain_word(text, "._-"));
}

/// Reads one key after another, and remembers the first that is wrong.
class Reader {
 public:
  explicit Reader(const Json& table) : table_(table) {}

  void text(const char* key, std::string& to, bool (*good)(std::string_view),
            std::string_view wanted) {
    const auto* value = table_.find(key);
    if (!value || error_) return;
    if (value->view().empty() || !good(value->view()))
      return refuse(key, fmt::format("'{}' is not {}", shown(*value), wanted));
    to = value->as_string();
  }
  template <class Word, std::size_t n>
  void word(const char* key, Word& to,
            const std::array<std::pair<std::string_view, Word>, n>& words) {
    const auto* value = table_.find(key);
    if (value && !error_) (void)take(key, *value, to, words);
  }
  template <class Word, std::size_t n>
  void list(const char* key, std::vector<Word>& to,
            const std::array<std::pair<std::string_view, Word>, n>& words) {
    const auto* value = table_.find(key);
    if (!value || error_) return;
    if (!value->is_array()) return refuse(key, "say an array of strings");
    to.clear();
    for (const auto& item : value->items()) {
      Word one{};
      if (!take(key, item, one, words)) return;
      if (std::ranges::find(to, one) == to.end()) to.push_back(one);
    }
  }
  void duration(const char* key, Millis& to) {
    const auto* value = table_.find(key);
    if (!value || error_) return;
    const auto parsed = parse_duration(value->view());
    if (!parsed) return refuse(key, parsed.error().what);
    to = *parsed;
  }
  void refuse(std::string_view key, std::string_view why) {
    if (!error_) error_ = wrong(key, why).error();
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  static std::string shown(const Json& value) {
    return printable(value.is_string() ? value.view() : value.dump(), 60);
  }
  template <class Word, std::size_t n>
  bool take(const char* key, const Json& value, Word& to,
            const std::array<std::pair<std::string_view, Word>, n>& words) {
    std::string known;
    for (const auto& [name, word] : words) {
      if (value.is_string() && value.view() == name) {
        to = word;
        return true;
      }
      known += fmt::format("{}\"{}\"", known.empty() ? "" : ", ", name);
    }
    refuse(key, fmt::format("'{}' is none of {}", shown(value), known));
    return false;
  }

  const Json& table_;
  std::optional<Error> error_;
};

constexpr std::array k_isolations{
    std::pair{std::string_view("model"), Isolation::model},
    std::pair{std::string_view("application"), Isolation::application}};
constexpr std::array k_amqp_ways{std::pair{std::string_view("overlay"), AmqpAs::overlay},
                                 std::pair{std::string_view("option"), AmqpAs::option},
                                 std::pair{std::string_view("secret"), AmqpAs::secret}};
constexpr std::array k_storage{std::pair{std::string_view("release"), false},
                               std::pair{std::string_view("destroy"), true}};
constexpr std::array k_cuts{std::pair{std::string_view("relations"), CutMeans::relations},
                            std::pair{std::string_view("expose"), CutMeans::expose},
                            std::pair{std::string_view("scale"), CutMeans::scale}};

bool option_name(std::string_view text) { return plain_word(text, "_-."); }

/// `[APPLICATION:]OPTION`
bool amqp_target(std::string_view text) {
  if (text.contains(':') && !valid_application_name(take_until(text, ':'))) return false;
  return option_name(text);
}

void read_amqp(Reader& reader, JujuSettings& out) {
  std::string amqp;
  reader.text("amqp", amqp, amqp_target, "[APPLICATION:]OPTION");
  std::string_view option(amqp);
  if (option.contains(':')) out.amqp_application = take_until(option, ':');
  out.amqp_option = option;
  reader.word("amqp_as", out.amqp_as, k_amqp_ways);
}

void read_model_config(Reader& reader, const Json& table, JujuSettings& out) {
  const auto* value = table.find("model_config");
  if (!value) return;
  if (!value->is_object()) return reader.refuse("model_config", "say a table of model settings");
  for (const auto& [key, item] : value->members()) {
    const auto text = item.is_string() ? item.as_string() : item.dump();
    if (!plain_word(key, "-"))
      return reader.refuse("model_config",
                           fmt::format("'{}' is not a setting of a model", printable(key, 60)));
    if (!item.is_string() && !item.is_bool() && !item.is_number())
      return reader.refuse("model_config",
                           fmt::format("{} must be text, a number, true or false", key));
    // `KEY=@FILE` would have juju read a file of this machine
    if (text.starts_with('@') || text.find('\0') != std::string::npos)
      return reader.refuse("model_config",
                           fmt::format("the value of {} may not begin with @", key));
    out.model_config[key] = text;
  }
}

void check_together(Reader& reader, const JujuSettings& s) {
  if (s.isolation == Isolation::application && s.model.empty())
    reader.refuse("model",
                  "say the model that the sets share, as [CONTROLLER:][OWNER/]NAME; isolation = "
                  "\"application\" needs it");
  if (s.isolation == Isolation::model && !s.model.empty())
    reader.refuse(
        "model",
        "goes with isolation = \"application\" alone: else each set has a model of its own name");
  if (s.isolation == Isolation::model && !s.application.empty())
    reader.refuse("application", "goes with isolation = \"application\" alone");
  if (s.force_after > s.no_wait_after)
    reader.refuse("no_wait_after", "must not be before force_after");
  if (s.no_wait_after > s.give_up_after)
    reader.refuse("give_up_after", "must not be before no_wait_after");
}

bool model_address(std::string_view text) { return parse_model_address(text).has_value(); }
bool credential_name(std::string_view text) { return plain_word(text, "._@+-"); }

}  // namespace

bool JujuSettings::cuts(CutMeans means) const { return std::ranges::find(cut, means) != cut.end(); }

Result<JujuSettings> settings_of(const Json& table) {
  JujuSettings out;
  if (table.is_null()) return out;
  if (!table.is_object()) return fail(ExitCode::config, "[juju] must be a table");
  Reader reader(table);
  reader.word("isolation", out.isolation, k_isolations);
  reader.text("model", out.model, model_address, "a model; say [CONTROLLER:][OWNER/]NAME");
  reader.text("application", out.application, valid_application_name, "the name of an application");
  reader.text("cloud", out.cloud, cloud_name, "CLOUD[/REGION]");
  reader.text("credential", out.credential, credential_name, "the name of a credential");
  reader.word("storage", out.destroy_storage, k_storage);
  reader.list("cut", out.cut, k_cuts);
  reader.duration("force_after", out.force_after);
  reader.duration("no_wait_after", out.no_wait_after);
  reader.duration("give_up_after", out.give_up_after);
  read_amqp(reader, out);
  read_model_config(reader, table, out);
  check_together(reader, out);
  if (reader.error()) return fail(*reader.error());
  return out;
}

Result<JujuSettings> settings_for(const Host& host, std::string_view service) {
  const auto* config = host.config().service(service);
  if (!config) return JujuSettings{};
  auto settings = settings_of(config->table["juju"]);
  if (!settings) return fail(settings.error().in(config->file.string()));
  return settings;
}

}  // namespace cdctl::juju
