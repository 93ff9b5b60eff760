#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/host.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

// The table `[juju]` of a service's file: where its sets live on a controller, and what may be done
// to them.

namespace cdctl::juju {

/// A model for each set, or an application for each set inside one model.
enum class Isolation { model, application };
/// How AMQP_URL reaches the charm: in an overlay of the bundle, as an option set from a file, as a
/// Juju secret (3.3 on).
enum class AmqpAs { overlay, option, secret };
/// What a cut from the world does.
enum class CutMeans { relations, expose, scale };

struct JujuSettings {
  Isolation isolation = Isolation::model;
  std::string model;  ///< isolation by application: the shared model, `[CONTROLLER:][OWNER/]NAME`
  std::string application;  ///< isolation by application: which one of the bundle becomes the set;
                            ///< empty = its only one
  std::string cloud;        ///< `CLOUD[/REGION]` of new models; empty = the controller's choice
  std::string credential;   ///< for new models; empty = the controller's choice
  std::map<std::string, std::string> model_config;  ///< of new models
  std::string amqp_application;                     ///< empty = the only one of the bundle
  std::string amqp_option;  ///< the charm option that takes AMQP_URL; empty = none takes it
  AmqpAs amqp_as = AmqpAs::overlay;
  bool destroy_storage =
      false;  ///< a reap destroys the set's storage; else it is released and stays with the cloud
  std::vector<CutMeans> cut = {CutMeans::relations, CutMeans::expose};
  // From the start of a reap on: when it begins to use --force, --force --no-wait, and when it is
  // left to a person.
  Millis force_after = std::chrono::minutes(5);
  Millis no_wait_after = std::chrono::minutes(15);
  Millis give_up_after = std::chrono::minutes(30);

  [[nodiscard]] bool cuts(CutMeans means) const;
};

/// Reads the table; null = the defaults. Exit code `config`, naming the key, when one of them is
/// wrong.
[[nodiscard]] Result<JujuSettings> settings_of(const Json& service_table);

/// The `[juju]` table of a set's service, the defaults when its file has left. Exit code `config`,
/// naming the file.
[[nodiscard]] Result<JujuSettings> settings_for(const Host& host, std::string_view service);

}  // namespace cdctl::juju
