#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>

#include "plugins/juju/model/fields.hpp"

namespace cdctl::juju {

/// One item of `juju models --format json`.
struct ModelItem {
  std::string name;  ///< `OWNER/NAME`
  std::string
      uuid;  ///< what to call it by: Juju can take a name for the prefix of another model's uuid
  std::string type;  ///< iaas, caas
  std::string controller, cloud, region;
  std::string life;    ///< alive, dying, dead, or empty
  std::string access;  ///< admin, write, read, or empty
  std::string agent_version;
  StatusInfo status;
  bool is_controller = false;
};

/// The part of `OWNER/NAME` after the slash.
[[nodiscard]] std::string_view short_name(const ModelItem& model);
/// It is being destroyed, or has been.
[[nodiscard]] bool dying(const ModelItem& model);

struct ModelList {
  std::vector<ModelItem> models;
  /// Why this is not every model that the user may see; empty when it is. Juju leaves out a model
  /// that it could not summarise, says so in a plain line on stderr, and ends well: only a complete
  /// list tells that a model is gone.
  std::string missing;
};

/// `notes` is what the same run wrote to stderr. Exit code `unknown` when the answer is not a
/// list: `{}` is not one.
[[nodiscard]] Result<ModelList> parse_models(const Json& json, std::string_view notes);

/// Letters and digits, and inside also what `more` holds, at most 128: nothing that could be taken
/// for an option or a path.
[[nodiscard]] bool plain_word(std::string_view text, std::string_view more);

/// 8-4-4-4-12 lower-case hex digits.
[[nodiscard]] bool valid_uuid(std::string_view text);

/// What Juju takes for the name of an application.
[[nodiscard]] bool valid_application_name(std::string_view text);

/// A model as a person says it: `[CONTROLLER:][OWNER/]NAME`, or a uuid in place of the name.
/// Nothing in it can be taken for an option or a path.
struct ModelAddress {
  std::string controller, owner, name;
  [[nodiscard]] bool is_uuid() const { return valid_uuid(name); }
  /// What follows `-m`.
  [[nodiscard]] std::string str() const;
};
/// Exit code `usage`, saying what a name looks like.
[[nodiscard]] Result<ModelAddress> parse_model_address(std::string_view text);
[[nodiscard]] bool valid_controller_name(std::string_view text);
/// Whether the address, which is not a uuid, names the model; its controller is not looked at.
[[nodiscard]] bool has_name(const ModelItem& model, const ModelAddress& address);
/// Those of the list that the address names; its controller is not looked at. Those of the
/// controllers themselves are left out.
[[nodiscard]] std::vector<ModelItem> models_called(const std::vector<ModelItem>& models,
                                                   const ModelAddress& address);

}  // namespace cdctl::juju
