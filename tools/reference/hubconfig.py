"""The same configuration as config.json has it in most of the Hugging Face hub's repositories.

transformers 5 writes rope_parameters, and spells out what used to follow from
other keys. The files that people have were written before.
"""

import copy
import json

from transformers import AutoConfig

# Written as "type" in the repositories of these families, and for these kinds, from before "rope_type".
OLD_KIND = {"phi3", "deepseek_v2", "deepseek_v3"}, {"linear", "dynamic"}


def write(saved, path):
    """Writes the older form of a saved config.json, if it has one."""
    with open(saved) as f:
        new = json.load(f)
    old = older(new)
    if old == new:
        return
    assert meaning(old) == meaning(new), f"{path}: transformers reads it as something else"
    with open(path, "w") as f:
        json.dump(old, f, indent=2, sort_keys=True)
        f.write("\n")


def older(new):
    c = copy.deepcopy(new)
    family = c["model_type"]
    for key in ["layer_types", "_sliding_window_pattern", "qk_head_dim", "partial_rotary_factor"]:
        c.pop(key, None)
    if family.startswith("deepseek"):
        c.pop("head_dim")
    if family == "qwen3_moe":
        c["num_experts"] = c.pop("num_local_experts")
    rope = c.pop("rope_parameters", None)
    if rope is None:
        return c
    if family == "gemma3_text":
        c["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = rope["full_attention"]
    theta, kind, part = rope.pop("rope_theta"), rope.pop("rope_type"), rope.pop("partial_rotary_factor", None)
    c["rotary_emb_base" if family == "gpt_neox" else "rope_theta"] = theta
    if part is not None:
        c["rotary_pct" if family == "gpt_neox" else "partial_rotary_factor"] = part
    if family == "phi3":
        rope.pop("original_max_position_embeddings", None)  # beside it, not in it
    families, kinds = OLD_KIND
    named = "type" if family in families or (kind in kinds and family != "gemma3_text") else "rope_type"
    c["rope_scaling"] = None if kind == "default" else {named: kind, **rope}
    return c


def meaning(c):
    """Returns what transformers makes of a configuration."""
    read = AutoConfig.for_model(**copy.deepcopy(c)).to_dict()
    if read.get("rope_parameters"):
        read["rope_parameters"].pop("type", None)
    read["partial_rotary_factor"] = None  # moved into rope_parameters
    return read
