"""Phrases as officials write them, and how an announcer reads them."""

PHRASES = (
    ("UBND huyện Bác Ái thông báo", "Ủy ban nhân dân huyện Bác Ái thông báo"),
    (
        "HĐND tỉnh khóa XI, kỳ họp thứ 21",
        "Hội đồng nhân dân tỉnh khóa mười một, kỳ họp thứ hai mươi mốt",
    ),
    (
        "Căn cứ Quyết định số 1234/QĐ-UBND ngày 05/12/2026 của UBND tỉnh",
        "Căn cứ Quyết định số một nghìn hai trăm ba mươi tư ngày năm tháng mười hai năm hai "
        "nghìn không trăm hai mươi sáu của Ủy ban nhân dân tỉnh",
    ),
    (
        "theo 15/KH-UBND ngày 12/01/2026",
        "theo kế hoạch số mười lăm của Ủy ban nhân dân ngày mười hai tháng một năm hai "
        "nghìn không trăm hai mươi sáu",
    ),
    (
        "Nghị định số 49/2024/NĐ-CP ngày 10/5/2024 của Chính phủ",
        "Nghị định số bốn mươi chín năm hai nghìn không trăm hai mươi tư ngày mười tháng "
        "năm năm hai nghìn không trăm hai mươi tư của Chính phủ",
    ),
    (
        "Thông tư 39/2020/TT-BTTTT",
        "Thông tư số ba mươi chín năm hai nghìn không trăm hai mươi của Bộ Thông tin và "
        "Truyền thông",
    ),
    ("Chỉ thị số 05-CT/TW", "Chỉ thị số năm của Trung ương"),
    ("Nghị quyết số 10-NQ/TU của Tỉnh ủy", "Nghị quyết số mười của Tỉnh ủy"),
    (
        "Luật Đất đai số 31/2024/QH15",
        "Luật Đất đai số ba mươi mốt năm hai nghìn không trăm hai mươi tư của Quốc hội khóa "
        "mười lăm",
    ),
    (
        "Công điện 02/CĐ-PCTT hồi 10h00 ngày 18/11/2026",
        "Công điện số hai của Ban Chỉ huy phòng chống thiên tai hồi mười giờ ngày mười tám "
        "tháng mười một năm hai nghìn không trăm hai mươi sáu",
    ),
    ("Công văn số 345/UBND-VP", "Công văn số ba trăm bốn mươi lăm của Ủy ban nhân dân, Văn phòng"),
    ("Thông báo 87/TB-UBND", "Thông báo số tám mươi bảy của Ủy ban nhân dân"),
    (
        "Kế hoạch số 205/KH-SYT ngày 3/4/2026",
        "Kế hoạch số hai trăm lẻ năm của Sở Y tế ngày ba tháng tư năm hai nghìn không trăm "
        "hai mươi sáu",
    ),
    ("Tờ trình số 12/TTr-UBND", "Tờ trình số mười hai của Ủy ban nhân dân"),
    (
        "Hồi 07 giờ 00 phút ngày 19/11, vị trí tâm bão ở khoảng 12,5 độ Vĩ Bắc; 111,3 độ Kinh Đông",
        "Hồi bảy giờ ngày mười chín tháng mười một, vị trí tâm bão ở khoảng mười hai phẩy "
        "năm độ Vĩ Bắc; một trăm mười một phẩy ba độ Kinh Đông",
    ),
    (
        "Vị trí tâm ATNĐ: 11,8°N; 110,2°E",
        "Vị trí tâm áp thấp nhiệt đới: mười một phẩy tám độ vĩ Bắc; một trăm mười phẩy hai "
        "độ kinh Đông",
    ),
    (
        "Sức gió mạnh nhất vùng gần tâm bão mạnh cấp 10-11 (89-117km/h), giật cấp 14",
        "Sức gió mạnh nhất vùng gần tâm bão mạnh cấp mười đến mười một (tám mươi chín đến "
        "một trăm mười bảy ki lô mét trên giờ), giật cấp mười bốn",
    ),
    (
        "Bão di chuyển theo hướng Tây Tây Bắc, tốc độ 15-20km/h",
        "Bão di chuyển theo hướng Tây Tây Bắc, tốc độ mười lăm đến hai mươi ki lô mét trên giờ",
    ),
    ("Cấp độ rủi ro thiên tai: cấp 3", "Cấp độ rủi ro thiên tai: cấp ba"),
    (
        "Cảnh báo lũ trên sông Cái Phan Rang ở mức BĐ2",
        "Cảnh báo lũ trên sông Cái Phan Rang ở mức báo động hai",
    ),
    (
        "Mực nước tại trạm Tân Mỹ lúc 13h là 38,25m, trên BĐ 3 0,25m",
        "Mực nước tại trạm Tân Mỹ lúc mười ba giờ là ba mươi tám phẩy hai mươi lăm mét, "
        "trên báo động ba không phẩy hai mươi lăm mét",
    ),
    ("đỉnh lũ ở mức báo động III", "đỉnh lũ ở mức báo động ba"),
    (
        "Hồ Sông Sắt xả lũ với lưu lượng 150m3/s từ 14h30",
        "Hồ Sông Sắt xả lũ với lưu lượng một trăm năm mươi mét khối trên giây từ mười bốn "
        "giờ ba mươi phút",
    ),
    (
        "Lượng mưa phổ biến 100-200mm, có nơi trên 300mm/đợt",
        "Lượng mưa phổ biến một trăm đến hai trăm mi li mét, có nơi trên ba trăm mi li mét một đợt",
    ),
    ("Nhiệt độ thấp nhất 22-24°C", "Nhiệt độ thấp nhất hai mươi hai đến hai mươi tư độ xê"),
    ("độ ẩm 85%", "độ ẩm tám mươi lăm phần trăm"),
    ("Biển động mạnh, sóng cao 3-5m", "Biển động mạnh, sóng cao ba đến năm mét"),
    (
        "Gió Đông Bắc cấp 5, có lúc cấp 6, giật cấp 7-8",
        "Gió Đông Bắc cấp năm, có lúc cấp sáu, giật cấp bảy đến tám",
    ),
    (
        "Từ 19h00 ngày 20/11 đến 05h00 ngày 21/11",
        "Từ mười chín giờ ngày hai mươi tháng mười một đến năm giờ ngày hai mươi mốt tháng "
        "mười một",
    ),
    (
        "Ban Chỉ huy PCTT&TKCN tỉnh yêu cầu",
        "Ban Chỉ huy phòng chống thiên tai và tìm kiếm cứu nạn tỉnh yêu cầu",
    ),
    (
        "Bà con liên hệ số 0259.3822.123 khi cần giúp đỡ",
        "Bà con liên hệ số không hai năm chín, ba tám hai hai, một hai ba khi cần giúp đỡ",
    ),
    (
        "Đường dây nóng: 0912 345 678",
        "Đường dây nóng: không chín một hai, ba bốn năm, sáu bảy tám",
    ),
    ("Gọi 113, 114, 115 khi khẩn cấp", "Gọi một một ba, một một bốn, một một năm khi khẩn cấp"),
    (
        "SĐT 0987654321 gặp ông Chamaléa Thành",
        "số điện thoại không chín tám bảy, sáu năm bốn, ba hai một gặp ông Chamaléa Thành",
    ),
    ("Tổng đài 1900 9095", "Tổng đài một chín không không, chín không chín năm"),
    (
        "TTYT huyện tổ chức tiêm vắc xin cho trẻ 6-36 tháng",
        "Trung tâm Y tế huyện tổ chức tiêm vắc xin cho trẻ sáu đến ba mươi sáu tháng",
    ),
    ("TYT xã Phước Bình", "Trạm Y tế xã Phước Bình"),
    (
        "tiêm phòng từ 7h30-11h00, chiều 13h30-16h30",
        "tiêm phòng từ bảy giờ ba mươi phút đến mười một giờ, chiều mười ba giờ ba mươi "
        "phút đến mười sáu giờ ba mươi phút",
    ),
    (
        "Trẻ từ 6 tháng đến 5 tuổi uống vitamin A ngày 1-2/12",
        "Trẻ từ sáu tháng đến năm tuổi uống vitamin A ngày một đến ngày hai tháng mười hai",
    ),
    (
        "Phòng chống SXH: diệt lăng quăng vào thứ 6, thứ 7 hằng tuần",
        "Phòng chống sốt xuất huyết: diệt lăng quăng vào thứ sáu, thứ bảy hằng tuần",
    ),
    ("phòng, chống dịch COVID-19", "phòng, chống dịch cô vít mười chín"),
    ("dịch cúm A/H5N1", "dịch cúm A hát năm nờ một"),
    (
        "BHYT hộ gia đình: 1.263.600 đồng/năm",
        "bảo hiểm y tế hộ gia đình: một triệu hai trăm sáu mươi ba nghìn sáu trăm đồng một năm",
    ),
    (
        "Mức đóng BHXH tự nguyện từ 330.000 đồng/tháng",
        "Mức đóng bảo hiểm xã hội tự nguyện từ ba trăm ba mươi nghìn đồng một tháng",
    ),
    (
        "Nhà nước hỗ trợ 30%, 25% và 10%",
        "Nhà nước hỗ trợ ba mươi phần trăm, hai mươi lăm phần trăm và mười phần trăm",
    ),
    ("Tiền điện tháng 11/2026", "Tiền điện tháng mười một năm hai nghìn không trăm hai mươi sáu"),
    (
        "Tạm ngừng cung cấp điện từ 06h00 đến 17h00 ngày 25/11/2026 (thứ 4)",
        "Tạm ngừng cung cấp điện từ sáu giờ đến mười bảy giờ ngày hai mươi lăm tháng mười "
        "một năm hai nghìn không trăm hai mươi sáu (thứ tư)",
    ),
    ("Trạm biến áp 22/0,4kV", "Trạm biến áp hai mươi hai trên không phẩy bốn ki lô vôn"),
    ("Công suất 400kVA", "Công suất bốn trăm ki lô vôn am pe"),
    ("cắt nước từ 8g00 đến 16g30", "cắt nước từ tám giờ đến mười sáu giờ ba mươi phút"),
    ("giá nước 7.500đ/m3", "giá nước bảy nghìn năm trăm đồng một mét khối"),
    (
        "Lúa vụ Đông Xuân 2026-2027 gieo sạ từ 15/12 đến 10/1",
        "Lúa vụ Đông Xuân hai nghìn không trăm hai mươi sáu đến hai nghìn không trăm hai "
        "mươi bảy gieo sạ từ ngày mười lăm tháng mười hai đến ngày mười tháng một",
    ),
    ("năng suất bình quân 6,5 tấn/ha", "năng suất bình quân sáu phẩy năm tấn trên héc ta"),
    (
        "Giá nho 25.000-30.000đ/kg",
        "Giá nho hai mươi lăm nghìn đến ba mươi nghìn đồng một ki lô gam",
    ),
    ("bón 10kg phân urê/sào", "bón mười ki lô gam phân urê một sào"),
    ("phun thuốc BVTV 2 lần/vụ", "phun thuốc bảo vệ thực vật hai lần một vụ"),
    (
        "Tiêm phòng LMLM cho 1.250 con trâu, bò",
        "Tiêm phòng lở mồm long móng cho một nghìn hai trăm năm mươi con trâu, bò",
    ),
    (
        "Hỗ trợ 15kg gạo/khẩu trong 3 tháng",
        "Hỗ trợ mười lăm ki lô gam gạo một khẩu trong ba tháng",
    ),
    ("Quỹ đất 12.500m2", "Quỹ đất mười hai nghìn năm trăm mét vuông"),
    ("diện tích 1,25 ha", "diện tích một phẩy hai mươi lăm héc ta"),
    (
        "Quốc lộ 27B đoạn Km 12+500",
        "Quốc lộ hai mươi bảy bê đoạn ki lô mét mười hai cộng năm trăm",
    ),
    ("QL1A đoạn qua thị trấn", "quốc lộ một a đoạn qua thị trấn"),
    ("ĐT.702 bị sạt lở", "đường tỉnh bảy trăm lẻ hai bị sạt lở"),
    ("Tuyến đường rộng 7,5m, dài 2km", "Tuyến đường rộng bảy phẩy năm mét, dài hai ki lô mét"),
    (
        "Hạn chót nộp hồ sơ: 31/12/2026",
        "Hạn chót nộp hồ sơ: ngày ba mươi mốt tháng mười hai năm hai nghìn không trăm hai mươi sáu",
    ),
    ("Nộp thuế trước ngày 30/6", "Nộp thuế trước ngày ba mươi tháng sáu"),
    (
        "Hộ nghèo: 25/120 hộ, chiếm 20,83%",
        "Hộ nghèo: hai mươi lăm trên một trăm hai mươi hộ, chiếm hai mươi phẩy tám mươi ba "
        "phần trăm",
    ),
    ("1/3 số hộ", "một phần ba số hộ"),
    ("đạt 19/19 tiêu chí NTM", "đạt mười chín trên mười chín tiêu chí nông thôn mới"),
    ("Khu phố 3, P. Đạo Long", "Khu phố ba, phường Đạo Long"),
    ("KP 5, TT. Phước Dân", "khu phố năm, thị trấn Phước Dân"),
    ("TDP số 7", "tổ dân phố số bảy"),
    ("TP. Phan Rang - Tháp Chàm", "thành phố Phan Rang - Tháp Chàm"),
    ("TP.HCM", "Thành phố Hồ Chí Minh"),
    ("H. Ninh Phước", "huyện Ninh Phước"),
    ("trường THCS Võ Thị Sáu", "trường trung học cơ sở Võ Thị Sáu"),
    (
        "trường THPT Nguyễn Trãi tuyển sinh lớp 10",
        "trường trung học phổ thông Nguyễn Trãi tuyển sinh lớp mười",
    ),
    ("Trường TH Phước Đại A", "Trường tiểu học Phước Đại A"),
    (
        "kỳ thi tốt nghiệp THPT năm 2027",
        "kỳ thi tốt nghiệp trung học phổ thông năm hai nghìn không trăm hai mươi bảy",
    ),
    ("lớp 9A1", "lớp chín a một"),
    (
        "Công an xã làm CCCD từ 7h-17h, cả thứ 7 và CN",
        "Công an xã làm căn cước công dân từ bảy giờ đến mười bảy giờ, cả thứ bảy và Chủ nhật",
    ),
    ("cài đặt VNeID mức 2", "cài đặt vi en e ai đi mức hai"),
    ("quét mã QR", "quét mã quy rờ"),
    (
        "chuyển đổi số: nộp hồ sơ tại dichvucong.ninhthuan.gov.vn",
        "chuyển đổi số: nộp hồ sơ tại dichvucong chấm ninhthuan chấm gov chấm vn",
    ),
    ("Truy cập https://ninhthuan.gov.vn/", "Truy cập ninhthuan chấm gov chấm vn"),
    (
        "E-mail: ubnd.bacai@ninhthuan.gov.vn",
        "E-mail: ubnd chấm bacai a còng ninhthuan chấm gov chấm vn",
    ),
    ("mạng 4G", "mạng bốn gờ"),
    ("HTX Nông nghiệp Tuấn Tú", "hợp tác xã Nông nghiệp Tuấn Tú"),
    (
        "Công ty TNHH MTV Khai thác công trình thủy lợi",
        "Công ty trách nhiệm hữu hạn một thành viên Khai thác công trình thủy lợi",
    ),
    ("Lễ kỷ niệm 80 năm Quốc khánh 2/9", "Lễ kỷ niệm tám mươi năm Quốc khánh ngày hai tháng chín"),
    ("Mừng Đảng, mừng Xuân; kỷ niệm 3/2", "Mừng Đảng, mừng Xuân; kỷ niệm ngày ba tháng hai"),
    ("ngày Phụ nữ Việt Nam 20/10", "ngày Phụ nữ Việt Nam hai mươi tháng mười"),
    ("ngày Thương binh - Liệt sĩ 27/7", "ngày Thương binh - Liệt sĩ hai mươi bảy tháng bảy"),
    ("Ngày hội Đại đoàn kết 18/11", "Ngày hội Đại đoàn kết mười tám tháng mười một"),
    ("Lễ hội Katê ngày 1/7 lịch Chăm", "Lễ hội Katê ngày một tháng bảy lịch Chăm"),
    ("mùng 1 Tết", "mùng một Tết"),
    ("đêm 30 Tết", "đêm ba mươi Tết"),
    (
        "lúc 0h ngày 1/1/2027",
        "lúc không giờ ngày một tháng một năm hai nghìn không trăm hai mươi bảy",
    ),
    ("Đại hội Đảng bộ lần thứ XV", "Đại hội Đảng bộ lần thứ mười lăm"),
    ("Đại hội XIV của Đảng", "Đại hội mười bốn của Đảng"),
    (
        "khóa XVI nhiệm kỳ 2026-2031",
        "khóa mười sáu nhiệm kỳ hai nghìn không trăm hai mươi sáu đến hai nghìn không trăm "
        "ba mươi mốt",
    ),
    ("Quý I/2027", "Quý một năm hai nghìn không trăm hai mươi bảy"),
    ("6 tháng đầu năm 2026", "sáu tháng đầu năm hai nghìn không trăm hai mươi sáu"),
    ("tháng 4", "tháng tư"),
    ("ngày 4/4", "ngày bốn tháng tư"),
    ("thứ 4 ngày 4/11", "thứ tư ngày bốn tháng mười một"),
    ("thứ 2 đến thứ 6", "thứ hai đến thứ sáu"),
    ("thứ 2 - thứ 6", "thứ hai đến thứ sáu"),
    ("giải nhất, hạng II", "giải nhất, hạng hai"),
    ("nhà văn hóa thôn 3", "nhà văn hóa thôn ba"),
    ("thôn Tà Lú 1", "thôn Tà Lú một"),
    ("Thôn Suối Rua, xã Phước Tiến", "Thôn Suối Rua, xã Phước Tiến"),
    ("tổ chức lúc 7 giờ 30", "tổ chức lúc bảy giờ ba mươi phút"),
    (
        "họp lúc 19 giờ 30 phút ngày 2/12",
        "họp lúc mười chín giờ ba mươi phút ngày hai tháng mười hai",
    ),
    ("vào lúc 14 giờ", "vào lúc mười bốn giờ"),
    ("trong 45 phút", "trong bốn mươi lăm phút"),
    ("trong 24 giờ tới", "trong hai mươi tư giờ tới"),
    ("trực 24/24h", "trực hai mươi tư trên hai mươi tư giờ"),
    ("trực 24/24 giờ", "trực hai mươi tư trên hai mươi tư giờ"),
    ("từ nay đến ngày 10/12", "từ nay đến ngày mười tháng mười hai"),
    (
        "2 đợt: đợt 1 từ 1/3-15/3, đợt 2 từ 1/9-15/9",
        "hai đợt: đợt một từ ngày một tháng ba đến ngày mười lăm tháng ba, đợt hai từ ngày "
        "một tháng chín đến ngày mười lăm tháng chín",
    ),
    ("15 người, trong đó 3 nữ", "mười lăm người, trong đó ba nữ"),
    ("105 hộ", "một trăm lẻ năm hộ"),
    ("1005 hộ", "một nghìn không trăm lẻ năm hộ"),
    (
        "21 hộ, 24 hộ, 25 hộ, 55 hộ",
        "hai mươi mốt hộ, hai mươi tư hộ, hai mươi lăm hộ, năm mươi lăm hộ",
    ),
    ("14 hộ, 15 hộ, 115 hộ", "mười bốn hộ, mười lăm hộ, một trăm mười lăm hộ"),
    ("1.001 người", "một nghìn không trăm lẻ một người"),
    ("10.000 đồng", "mười nghìn đồng"),
    ("2.500.000đ", "hai triệu năm trăm nghìn đồng"),
    ("50 triệu đồng", "năm mươi triệu đồng"),
    ("1,2 tỷ đồng", "một phẩy hai tỷ đồng"),
    ("500 USD", "năm trăm đô la Mỹ"),
    ("3tr đồng", "ba triệu đồng"),
    (
        "phạt tiền từ 3.000.000 đồng đến 5.000.000 đồng",
        "phạt tiền từ ba triệu đồng đến năm triệu đồng",
    ),
    ("phạt từ 3-5 triệu đồng", "phạt từ ba đến năm triệu đồng"),
    ("mã số 0012", "mã số không không một hai"),
    ("số nhà 12A", "số nhà mười hai a"),
    ("lô B3", "lô bê ba"),
    ("xe biển số 85C-123.45", "xe biển số tám năm xê, một hai ba bốn năm"),
    ("vắc xin mũi 2", "vắc xin mũi hai"),
    ("điểm a khoản 2 Điều 12", "điểm a khoản hai Điều mười hai"),
    ("Điều 15, Chương III", "Điều mười lăm, Chương ba"),
    ("mục IV", "mục bốn"),
    ("1. Đối tượng: hộ nghèo", "một, Đối tượng: hộ nghèo"),
    ("2) Thời gian: 8h", "hai, Thời gian: tám giờ"),
    ("- Ngày 5/12: thôn 1", "Ngày năm tháng mười hai: thôn một"),
    ("+ Mang theo CCCD", "Mang theo căn cước công dân"),
    (
        "UBND xã; MTTQ xã; ĐTN; HLHPN",
        "Ủy ban nhân dân xã; Mặt trận Tổ quốc xã; Đoàn Thanh niên; Hội Liên hiệp Phụ nữ",
    ),
    (
        "BCH Quân sự xã tuyển quân đợt 1/2027",
        "Ban Chỉ huy Quân sự xã tuyển quân đợt một năm hai nghìn không trăm hai mươi bảy",
    ),
    ("Khám tuyển NVQS tại TTYT huyện", "Khám tuyển nghĩa vụ quân sự tại Trung tâm Y tế huyện"),
    ("BĐBP Ninh Thuận", "Bộ đội Biên phòng Ninh Thuận"),
    ("kinh tế - xã hội", "kinh tế - xã hội"),
    ("KT-XH và ANQP", "kinh tế - xã hội và an ninh quốc phòng"),
    ("V/v tổ chức Tết trồng cây", "Về việc tổ chức Tết trồng cây"),
    ("phường/xã", "phường hoặc xã"),
    ("và/hoặc", "và hoặc"),
    ("bán kính 5km", "bán kính năm ki lô mét"),
    ("cao 1.544m", "cao một nghìn năm trăm bốn mươi tư mét"),
    ("dưới 0,5%", "dưới không phẩy năm phần trăm"),
    ("<18 tuổi", "dưới mười tám tuổi"),
    ("≥ 65 tuổi", "từ sáu mươi lăm tuổi"),
    ("nhiệt độ -2°C", "nhiệt độ âm hai độ xê"),
    ("THÔNG BÁO CỦA UBND XÃ PHƯỚC BÌNH", "THÔNG BÁO CỦA Ủy ban nhân dân XÃ PHƯỚC BÌNH"),
    ("CA KHÚC NGÀY MỚI", "CA KHÚC NGÀY MỚI"),
    ("Nhân ngày 20/11", "Nhân ngày hai mươi tháng mười một"),
    ("8/3", "ngày tám tháng ba"),
    ("lãi suất 6,6%/năm", "lãi suất sáu phẩy sáu phần trăm một năm"),
    (
        "vay vốn NHCSXH tối đa 100 triệu đồng/hộ",
        "vay vốn Ngân hàng Chính sách xã hội tối đa một trăm triệu đồng một hộ",
    ),
    ("máy 500W", "máy năm trăm oát"),
    ("đường dây 110kV", "đường dây một trăm mười ki lô vôn"),
    ("tưới 2 giờ/ngày", "tưới hai giờ một ngày"),
    ("2.026 người", "hai nghìn không trăm hai mươi sáu người"),
    ("năm 1975", "năm một nghìn chín trăm bảy mươi lăm"),
    ("thế kỷ XXI", "thế kỷ hai mươi mốt"),
    ("v.v.", "vân vân"),
    ("DTLCP", "dịch tả lợn châu Phi"),
    (
        "Sáng 5/12, tại nhà văn hóa thôn Rã Trên",
        "Sáng ngày năm tháng mười hai, tại nhà văn hóa thôn Rã Trên",
    ),
    ("tối thứ 7, 28/11", "tối thứ bảy, ngày hai mươi tám tháng mười một"),
    (
        "từ 01 đến 31/12/2026",
        "từ một đến ngày ba mươi mốt tháng mười hai năm hai nghìn không trăm hai mươi sáu",
    ),
    (
        "sinh từ năm 2001 đến năm 2008",
        "sinh từ năm hai nghìn không trăm lẻ một đến năm hai nghìn không trăm lẻ tám",
    ),
    ("độ tuổi 18-27", "độ tuổi mười tám đến hai mươi bảy"),
    ("nam, nữ từ 15 - 60 tuổi", "nam, nữ từ mười lăm đến sáu mươi tuổi"),
    (
        "mưa to đến rất to (70-150mm/24h)",
        "mưa to đến rất to (bảy mươi đến một trăm năm mươi mi li mét trong hai mươi tư giờ)",
    ),
    ("Bão số 12 (tên quốc tế: Fung-wong)", "Bão số mười hai (tên quốc tế: Fung-wong)"),
    (
        "vùng biển từ Khánh Hòa đến Cà Mau (bao gồm cả đảo Phú Quý)",
        "vùng biển từ Khánh Hòa đến Cà Mau (bao gồm cả đảo Phú Quý)",
    ),
    (
        "vay 50tr đồng, lãi suất 0,55%/tháng",
        "vay năm mươi triệu đồng, lãi suất không phẩy năm mươi lăm phần trăm một tháng",
    ),
    ("cấp 500g muối i-ốt/hộ", "cấp năm trăm gam muối i-ốt một hộ"),
    ("1 xã/phường có 2 ca mắc", "một xã hoặc phường có hai ca mắc"),
    ("cách ly 14 ngày", "cách ly mười bốn ngày"),
)
