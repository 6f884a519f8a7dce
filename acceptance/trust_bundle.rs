//! `trust bundle`, `trust check` and `trust roots`: the smallest bundle, its proof, and what becomes of it.

mod check;
mod clients;
mod ground;
mod inputs;
mod limit;
mod odd;
mod outputs;
mod roots;
mod web;
