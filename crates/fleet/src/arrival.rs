//! Devices that are brought in many at a time.

use crate::{AuditEntry, CertificateRecord, Device, StoreError};

/// A device of a registered authority that is brought in, or is there, with certificates of its own.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The device as it shall be where it is not there. Where it is, its pin counts alone: it must be the one by which the
    /// device is known, and a device that is known by none yet is known by it from now on.
    pub device: Device,
    /// Its certificates, each once. Of one that is recorded as its own nothing is changed, but that what was lacking is filled in.
    pub certificates: Vec<CertificateRecord>,
    /// The line of audit, where anything is changed.
    pub audit: AuditEntry,
}

/// What became of an arrival.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Arrived {
    /// Whether the device was not there.
    pub is_new: bool,
    /// How many certificates were recorded.
    pub certificates: usize,
}

/// What is done with arrivals.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Importing {
    /// Nothing is written: what would come of it is told.
    Try,
    /// All of them are written, or none.
    AllOrNothing,
    /// Those that are refused are passed over.
    SkipRefused,
}

/// What came of arrivals.
#[derive(Debug)]
pub struct Imported {
    /// Of each, in their order.
    pub outcomes: Vec<Result<Arrived, StoreError>>,
    /// Whether anything was written.
    pub written: bool,
}
