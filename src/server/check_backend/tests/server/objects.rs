//! Its objects, their versions and uploads.

use super::*;

impl Server {
    pub(super) fn upload(
        &self,
        state: &mut State,
        request: &BackendRequest,
        at: Key,
        query: &BTreeMap<String, String>,
    ) -> BackendAnswer {
        if self.has(Fault::NoMultipart) {
            return error(501, "NotImplemented");
        }
        let Some(id) = query.get("uploadId") else {
            state.made += 1;
            let id = format!("upload{}", state.made);
            state.uploads.insert(id.clone(), (at, BTreeMap::new()));
            return answer(200, format!("<R><UploadId>{id}</UploadId></R>"));
        };
        let paths = self.has(Fault::UploadPaths);
        let id = if paths { id.rsplit('/').next().unwrap().to_owned() } else { id.clone() };
        let fits = |of: &Key| match self.fault {
            Fault::UploadOfAnyKey => of.0 == at.0,
            Fault::UploadOfAnyBucket => of.1 == at.1,
            Fault::AbortOfAnyKey => *of == at || request.method == Method::Delete,
            Fault::UploadPaths => *of == at || query["uploadId"].contains('/'),
            _ => *of == at,
        };
        let Some((_, parts)) = state.uploads.get_mut(&id).filter(|(of, _)| fits(of)) else {
            return error(404, "NoSuchUpload");
        };
        match request.method {
            Method::Put => {
                parts.insert(query["partNumber"].clone(), request.body.clone());
                let tag = crate::sigv4::hex_sha256(&request.body);
                BackendAnswer { headers: vec![("etag".to_owned(), format!("\"{tag}\"").into())], ..answer(200, "") }
            }
            Method::Get => {
                let parts = parts.values().map(|part| crate::sigv4::hex_sha256(part));
                let parts: String = parts.map(|tag| format!("<Part><ETag>\"{tag}\"</ETag></Part>")).collect();
                answer(200, format!("<ListPartsResult>{parts}</ListPartsResult>"))
            }
            Method::Delete => {
                state.uploads.remove(&id);
                answer(204, "")
            }
            _ => {
                let body = parts.values().flat_map(|part| part.to_vec()).collect::<Vec<u8>>();
                state.uploads.remove(&id);
                state.objects.insert(at, vec![("null".to_owned(), body.into(), false)]);
                answer(200, "<CompleteMultipartUploadResult/>")
            }
        }
    }

    /// The version asked for, or the newest.
    fn find(&self, state: &State, at: &Key, version: Option<&String>) -> Option<(Bytes, bool)> {
        let (objects, folded) = (&state.objects, String::from_utf8_lossy(&at.1).into_owned());
        let newest = |at: &Key| objects.get(at).and_then(|all| all.last()).map(|(_, body, kept)| (body.clone(), *kept));
        if self.has(Fault::TrailingSlashReads) && folded.ends_with('/') && newest(at).is_none() {
            return newest(&(at.0.clone(), folded.trim_end_matches('/').into()));
        }
        if let Some((name, id)) = folded.split_once(".versions/v_").filter(|_| self.has(Fault::VersionKeys)) {
            return self.find(state, &(at.0.clone(), name.into()), Some(&id.to_owned()));
        }
        let Some(version) = version else { return newest(at) };
        let mut all = objects.iter().filter(|(of, _)| self.has(Fault::VersionOfAnyKey) || *of == at);
        all.find_map(|(_, all)| all.iter().find(|(id, ..)| id == version)).map(|(_, body, kept)| (body.clone(), *kept))
    }

    pub(super) fn object(
        &self,
        state: &mut State,
        request: &BackendRequest,
        at: Key,
        query: &BTreeMap<String, String>,
        manner: &Manner,
    ) -> BackendAnswer {
        let header = |name: &str| {
            let found = request.headers.iter().find(|(of, _)| of == name);
            found.map(|(_, value)| String::from_utf8(value.clone()).unwrap())
        };
        let version = query.get("versionId");
        match request.method {
            _ if query.contains_key("tagging") && self.has(Fault::NoTags) => error(501, "NotImplemented"),
            Method::Put if query.contains_key("tagging") && !self.has(Fault::OverwritesForTags) => {
                state.tags.insert(at, request.body.clone());
                answer(200, "")
            }
            Method::Put => {
                if header("if-none-match").is_some()
                    && state.objects.contains_key(&at)
                    && !self.has(Fault::NoConditions)
                {
                    return error(412, "PreconditionFailed");
                }
                let body = match header("x-amz-copy-source") {
                    None => self.decoded(request, manner),
                    Some(source) => self.copied(state, &source).ok_or((404, "NoSuchKey")),
                };
                match body {
                    Ok(body) => self.store(state, at, body, announces(request, manner)),
                    Err((status, code)) => error(status, code),
                }
            }
            Method::Delete if query.contains_key("tagging") && !self.has(Fault::DeletesForTags) => {
                state.tags.remove(&at);
                answer(204, "")
            }
            Method::Delete => {
                match version {
                    Some(version) => {
                        let any = self.has(Fault::VersionDeleteOfAnyKey);
                        for (of, all) in &mut state.objects {
                            all.retain(|(id, ..)| id != version || !(any || *of == at));
                        }
                        state.objects.retain(|_, all| !all.is_empty());
                    }
                    None if state.versioned.contains(&at.0) => {}
                    None => drop(state.objects.remove(&at)),
                }
                answer(204, "")
            }
            _ => match self.find(state, &at, version) {
                None => error(404, "NoSuchKey"),
                Some(_) if query.contains_key("tagging") && !self.has(Fault::ShowsForTags) => {
                    answer(200, state.tags.get(&at).cloned().unwrap_or_default())
                }
                Some((body, kept)) => {
                    let headers = if kept && self.has(Fault::KeepsEncoding) {
                        vec![("content-encoding".to_owned(), b"aws-chunked".to_vec())]
                    } else {
                        Vec::new()
                    };
                    BackendAnswer { headers, ..answer(200, body) }
                }
            },
        }
    }

    fn store(&self, state: &mut State, at: Key, body: Bytes, kept: bool) -> BackendAnswer {
        if !state.versioned.contains(&at.0) {
            state.objects.insert(at, vec![("null".to_owned(), body, kept)]);
            return answer(200, "");
        }
        state.made += 1;
        let version = format!("version{}", state.made);
        state.objects.entry(at).or_default().push((version.clone(), body, kept));
        BackendAnswer { headers: vec![("x-amz-version-id".to_owned(), version.into())], ..answer(200, "") }
    }

    fn copied(&self, state: &State, source: &str) -> Option<Bytes> {
        let (path, version) = source.split_once("?versionId=").map_or((source, None), |(path, id)| (path, Some(id)));
        let version = version.map(|id| String::from_utf8(percent::decode(id.as_bytes()).unwrap()).unwrap());
        let (bucket, key) = path.split_once('/').unwrap();
        let key = self.fold(percent::decode(key.as_bytes()).unwrap());
        self.find(state, &(bucket.to_owned(), key), version.as_ref()).map(|(body, _)| body)
    }

    fn decoded(&self, request: &BackendRequest, manner: &Manner) -> Result<Bytes, (u16, &'static str)> {
        let announced = announces(request, manner);
        let streaming = match manner {
            Manner::Declared(hash) => hash.starts_with("STREAMING"),
            Manner::Chunked { .. } => true,
            _ => false,
        };
        match (streaming, self.fault) {
            (true, Fault::RefusesFraming) => Err((501, "NotImplemented")),
            (true, fault) if fault == Fault::StoresFraming || fault == Fault::StoresUnannounced && !announced => {
                Ok(Bytes::from_static(b"3\r\nabc\r\n0\r\n\r\n"))
            }
            (true, _) => {
                let text = String::from_utf8(request.body.to_vec()).unwrap();
                Ok(text.split("\r\n").nth(1).map_or(request.body.clone(), |line| Bytes::from(line.to_owned())))
            }
            (false, fault) if matches!(manner, Manner::Declared(_)) && fault != Fault::AnyPayloadHash => {
                Err((400, "XAmzContentSHA256Mismatch"))
            }
            _ => Ok(request.body.clone()),
        }
    }
}

fn announces(request: &BackendRequest, manner: &Manner) -> bool {
    request.headers.iter().any(|(name, _)| name == "content-encoding")
        || matches!(manner, Manner::Chunked { announced: true, .. })
}
