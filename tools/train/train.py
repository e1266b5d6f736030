#!/usr/bin/env python3
"""Trains the built-in model "story": python tools/train/train.py --out DIR

One seeded run of all phases in schedule.py, counted in steps. Interrupted, the same command goes on
from DIR/checkpoint.pt. DIR/phase-NAME/ holds the model after each phase, DIR/model/ the last one, and
DIR/log.jsonl the loss. --late-seed S --late-from NAME draws the data of phase NAME and of all later
ones from another seed (with --start DIR2/phase-PREVIOUS it starts from that model), to see how much
the result varies."""

import argparse
import json
import math
import os
import random
import time

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

import data
import grammar
from model import GPT, WIDTH, centre_keys, export
from schedule import BETAS, FURTHER, PHASES, VOCABULARY, WARM_UP, WEIGHT_DECAY

TOKENIZER_DOCUMENTS = 60000
CHECKPOINT_EVERY = 200
LOG_EVERY = 50


def train_tokenizer(seed):
    """Byte-level BPE on documents of the last phase's mix and of everything else in the grammar."""
    rng = random.Random(f"{seed}/tokenizer")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        min_frequency=2,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(grammar.tokenizer_documents(rng, TOKENIZER_DOCUMENTS), trainer)
    for word in grammar.lexicon():
        if len(tokenizer.encode(" " + word).ids) != 1:
            raise ValueError(f"{word!r} is not one token: raise VOCABULARY")
    return tokenizer


class Optimizer:
    """AdamW, in some phases with Muon for the matrices of the layers: Muon learns to look back in a third
    of the steps that AdamW needs, and AdamW lets single heads take over a task."""

    def __init__(self, model, muon):
        matrices, other = [], []
        for name, value in model.named_parameters():
            (matrices if value.dim() == 2 and name.startswith("h.") else other).append(value)
        if muon:
            first = torch.optim.Muon(matrices, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw")
        else:
            first = torch.optim.AdamW(matrices, betas=BETAS, weight_decay=WEIGHT_DECAY, fused=True)
        self.parts = [first, torch.optim.AdamW(other, betas=BETAS, weight_decay=0.0, fused=True)]

    def step(self, learning_rate):
        """One step of both, and no gradients any more."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self):
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states):
        for part, state in zip(self.parts, states):
            part.load_state_dict(state)


def rate(phase, step):
    """The learning rate: warm-up, then a half cosine from phase.rate to phase.last_rate."""
    progress = min(1.0, step / phase.steps)
    value = phase.last_rate + (phase.rate - phase.last_rate) * 0.5 * (1 + math.cos(math.pi * progress))
    return value * min(1.0, (step + 1) / WARM_UP)


@torch.no_grad()
def sharpen(model, queries, positions):
    """Multiplies the queries of all heads, so that every attention pattern becomes sharper alike, and the
    learned positions."""
    for block in model.h:
        block.attn.c_attn.weight[:, :WIDTH] *= queries
        block.attn.c_attn.bias[:WIDTH] *= queries
    model.wpe.weight *= positions


def has_bfloat16():
    """Whether bfloat16 is fast here: about 10 times float32 on CPUs with AMX; without it a CPU multiplies
    bfloat16 matrices 20 times slower than float32."""
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


class Run:
    """The state of a training run: model, optimizer, phase and step, with its files in a folder."""

    def __init__(self, options):
        self.options = options
        self.phases = PHASES + FURTHER if options.further else PHASES
        self.folder = options.out
        os.makedirs(self.folder, exist_ok=True)
        torch.manual_seed(options.seed)
        self.tokenizer = self.load_tokenizer()
        self.model = GPT(self.tokenizer.get_vocab_size())
        if options.start:
            self.load(options.start)
        self.phase = self.phase_number(options.late_from) if options.start else 0
        self.step = 0
        self.optimizer = self.new_optimizer()
        self.resume()
        self.compiled = torch.compile(self.model, dynamic=False) if options.compile else self.model

    def phase_number(self, name):
        """The place of a phase in the schedule."""
        return [phase.name for phase in self.phases].index(name)

    def load_tokenizer(self):
        """The tokenizer of the start model, of this run, or a new one."""
        for folder in (self.options.start, self.folder):
            path = os.path.join(folder or "", "tokenizer.json")
            if folder and os.path.exists(path):
                return Tokenizer.from_file(path)
        tokenizer = train_tokenizer(self.options.seed)
        tokenizer.save(os.path.join(self.folder, "tokenizer.json"))
        return tokenizer

    def new_optimizer(self):
        """The optimizer of the current phase; after the last phase, that of the last."""
        phase = self.phases[min(self.phase, len(self.phases) - 1)]
        return Optimizer(self.model, phase.optimizer == "muon")

    def load(self, folder):
        """Takes the weights of an exported model."""
        tensors = load_file(os.path.join(folder, "model.safetensors"))
        self.model.load_state_dict({k.removeprefix("transformer."): v.float() for k, v in tensors.items()})

    def resume(self):
        """Goes on from the checkpoint, if there is one."""
        path = os.path.join(self.folder, "checkpoint.pt")
        if not os.path.exists(path):
            return
        state = torch.load(path, weights_only=True)
        self.phase, self.step = state["phase"], state["step"]
        self.model.load_state_dict(state["model"])
        self.optimizer = self.new_optimizer()
        self.optimizer.load_state_dict(state["optimizer"])
        torch.set_rng_state(state["rng"])
        print(f"resumed at phase {self.phase} step {self.step}", flush=True)

    def checkpoint(self):
        """Writes all that an interrupted run needs."""
        path = os.path.join(self.folder, "checkpoint.pt")
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": torch.get_rng_state(),
            "phase": self.phase,
            "step": self.step,
        }
        torch.save(state, path + ".new")
        os.replace(path + ".new", path)

    def data_seed(self):
        """The seed of the current phase's data."""
        late = self.options.late_from
        if late and self.phase >= self.phase_number(late):
            return self.options.late_seed
        return self.options.seed

    def log(self, **record):
        """Adds one line to log.jsonl and prints it."""
        with open(os.path.join(self.folder, "log.jsonl"), "a") as file:
            file.write(json.dumps(record) + "\n")
        print(record, flush=True)

    def one_step(self, batch, learning_rate):
        """One optimizer step; returns the loss."""
        ids = torch.from_numpy(batch[:, :, 0]).long()
        weights = torch.from_numpy(batch[:, 1:, 1]).contiguous()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.options.bfloat16):
            loss = self.compiled(ids[:, :-1].contiguous(), ids[:, 1:].contiguous(), weights)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step(learning_rate)
        return loss.item()

    def run_phase(self):
        """The steps of the current phase that are left."""
        phase = self.phases[self.phase]
        if self.step == 0:
            sharpen(self.model, phase.sharpen, phase.positions)
        losses, began = [], time.time()
        for batch in data.batches(self.data_seed(), phase, self.step, self.tokenizer):
            if self.step >= phase.steps:
                break
            losses.append(self.one_step(batch, rate(phase, self.step)))
            self.step += 1
            if self.step % LOG_EVERY == 0 or self.step == phase.steps:
                speed = len(losses) * phase.tokens / (time.time() - began)
                self.log(phase=phase.name, step=self.step, loss=round(sum(losses) / len(losses), 4), tokens_per_second=int(speed))
                losses, began = [], time.time()
            if self.step % CHECKPOINT_EVERY == 0:
                self.checkpoint()

    def train(self):
        """All phases that are left. Each starts from the exported weights of the one before and with new
        moments of the optimizer, so that the last phases can be run again alone. The last model's keys are
        centred, which changes no attention."""
        while self.phase < len(self.phases):
            self.run_phase()
            folder = os.path.join(self.folder, "phase-" + self.phases[self.phase].name)
            export(self.model, self.tokenizer, folder)
            self.load(folder)
            self.phase, self.step = self.phase + 1, 0
            self.optimizer = self.new_optimizer()
            self.checkpoint()
        batch = data.chunk(self.options.seed, self.phases[-1], 0, self.tokenizer)[0]
        centre_keys(self.model, torch.from_numpy(batch[:, :-1, 0]).long())
        export(self.model, self.tokenizer, os.path.join(self.folder, "model"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="folder for checkpoints, log and model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--late-from", metavar="PHASE", help="phase from which the data are drawn with --late-seed")
    parser.add_argument("--late-seed", type=int, default=0)
    parser.add_argument("--start", metavar="DIR", help="with --late-from: start that phase from the model in DIR")
    parser.add_argument("--further", action="store_true", help="also the phases that were tried and not shipped")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-compile", dest="compile", action="store_false", help="without torch.compile (slower)")
    parser.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, default=has_bfloat16(), help="(the default on CPUs with AMX)")
    options = parser.parse_args()
    if options.start and not options.late_from:
        parser.error("--start needs --late-from")
    torch.set_num_threads(options.threads)
    Run(options).train()


if __name__ == "__main__":
    main()
