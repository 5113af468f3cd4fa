#ifndef EP_CONTRACT_YAML_SCALAR_H
#define EP_CONTRACT_YAML_SCALAR_H

#include "contract/yaml.h"

/** Types a plain scalar by the core schema of YAML 1.2 (chapter 10.3.2); numbers get JSON syntax in `text`. */
EP_CHECK ep_code ep_yaml_scalar_type(ep_yaml_node *node, ep_arena *arena, ep_error *err);

#endif
